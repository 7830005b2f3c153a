import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { until } from '../../../libs/tape/test/recording.ts'
import { freePort } from '../../../test/support/free-port.ts'

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(__dirname, '../src/main.ts')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const run = { child, log: '', ended: once(child, 'close').then(([code]) => code as number | null) }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    run.log += text
  })
  return run
}

test('answers history without NATS, refuses a taken port with its code, and stops on SIGTERM', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-query-'))
  const env = { DATA_DIR: folder, PORT: String(await freePort()), NATS_URL: `nats://127.0.0.1:${await freePort()}` }
  const first = start(env)
  await until('it listens', () => first.log.includes('listening'))
  const base = `http://127.0.0.1:${env.PORT}`
  expect((await fetch(`${base}/v3/buffer/8314/query`)).status).toBe(200)
  const ready = await fetch(`${base}/ready`)
  expect([ready.status, await ready.json()]).toEqual([
    503,
    expect.objectContaining({
      parts: {
        files: expect.objectContaining({ ready: true }),
        bus: expect.objectContaining({ state: 'connecting' }),
        live: expect.anything(),
      },
    }),
  ])
  const second = start(env)
  expect(await second.ended).toBe(1)
  expect(second.log).toContain('IBS_SERVICE_PORT_TAKEN')
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  await rm(folder, { recursive: true, force: true })
})
