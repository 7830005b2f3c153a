import { loadConfig, runMain, startService } from '@ib-stream/service'
import { runKeeper } from './run-keeper.ts'

await runMain('keeper', async () => {
  const config = loadConfig(process.env)
  await using service = await startService('keeper', config)
  await runKeeper(config, service)
})
