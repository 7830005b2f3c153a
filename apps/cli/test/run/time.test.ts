import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { askNtp } from '../../src/run/ask-ntp.ts'

const SECONDS_1900_TO_1970 = 2_208_988_800
const AHEAD_MS = 2_500

let server: Socket
let address = ''
/** A time server whose clock is ahead of ours. */
beforeAll(async () => {
  server = createSocket('udp4')
  server.on('message', (_packet, from) => {
    const answer = Buffer.alloc(48)
    answer[0] = 0x24
    answer[1] = 2
    const nowMs = Date.now() + AHEAD_MS
    for (const at of [32, 40]) {
      answer.writeUInt32BE(Math.floor(nowMs / 1_000) + SECONDS_1900_TO_1970, at)
      answer.writeUInt32BE(Math.floor(((nowMs % 1_000) / 1_000) * 2 ** 32), at + 4)
    }
    server.send(answer, from.port, from.address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  address = `127.0.0.1:${server.address().port}`
})
afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())))

const { signal } = new AbortController()

it('tells how far our clock is from that of a time server', async () => {
  const { offsetMs, delayMs, stratum } = await askNtp(address, { withinMs: 10_000, signal })
  expect(stratum).toBe(2)
  expect(Math.abs(offsetMs + AHEAD_MS)).toBeLessThan(delayMs / 2 + 5)
})

it('says that a server does not answer', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
  await expect(askNtp(`127.0.0.1:${silent.address().port}`, { withinMs: 100, signal })).rejects.toThrow('does not answer within 0.1 s')
  silent.close()
})
