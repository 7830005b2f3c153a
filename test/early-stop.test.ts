import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, it } from '@jest/globals'
import { freePort } from './support/free-port.ts'
import { ROOT } from './support/program.ts'

const SERVICES = ['ingest', 'writer-json', 'writer-proto', 'writer-parquet', 'keeper', 'query-api']

it.each(SERVICES)('%s takes SIGTERM while it is still being loaded, and ends with 0', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-early-'))
  const preload = resolve(ROOT, 'test/support/signal-while-loading.mjs')
  const child = spawn(process.execPath, ['--import', preload, resolve(ROOT, `services/${name}/src/main.ts`)], {
    env: {
      ...process.env,
      DATA_DIR: folder,
      NATS_URL: `nats://127.0.0.1:${await freePort()}`,
      IB_HOST: '',
      HEALTH_PORT: '0',
      PORT: String(await freePort()),
    },
    stdio: 'ignore',
  })
  expect(await once(child, 'exit')).toEqual([0, null])
  await rm(folder, { recursive: true, force: true })
})
