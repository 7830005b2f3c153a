import { loadConfig, runMain, startService } from '@ib-stream/service'
import { runIngest } from './run-ingest.ts'

await runMain('ingest', async () => {
  const config = loadConfig(process.env)
  await using service = await startService('ingest', config)
  await runIngest(config, service)
})
