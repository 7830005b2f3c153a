import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { checkNats } from '../../src/doctor/check-nats.ts'

/** A server whose first words are these, as nats-server's are `INFO {…}`; what it is asked does not matter. */
async function saying(words: string): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((socket) => socket.on('error', () => undefined).write(words)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')),
  }
}

const info = (facts: object) => `INFO ${JSON.stringify({ version: '2.10.27', jetstream: true, max_payload: 1_048_576, ...facts })} \r\n`

describe('NATS', () => {
  it.each([
    ['all is well', info({}), 'ok', '2.10.27'],
    ['a newer major version', info({ version: '3.0.1' }), 'ok', '3.0.1'],
    ['a version that is too old', info({ version: '2.9.25' }), 'fail', '2.9.25'],
    ['no JetStream', info({ jetstream: false }), 'fail', 'without JetStream'],
    ['messages that are too small for a batch', info({ max_payload: 65_536 }), 'fail', '65536 bytes'],
    ['something that is no NATS', 'SSH-2.0-OpenSSH_9.2\r\n', 'fail', 'it is no NATS'],
  ])('%s', async (_name, words, state, found) => {
    await using server = await saying(words)
    const seen = await checkNats(server.url, { isOurs: false })
    expect(seen).toMatchObject({ about: 'nats', state, found: expect.stringContaining(found) })
    expect(seen.remedy === undefined).toBe(state === 'ok')
  })
})
