import { expect, it } from '@jest/globals'
import type { Clock } from '../../src/clock.ts'
import { startGatewaySim } from '../../src/index.ts'
import { MessageRate } from '../../src/limit/message-rate.ts'
import { frame, RawClient } from '../client/raw-client.ts'

it('refuses what is too much within a second, and ends the connection at the third second of that', () => {
  let us = 0
  const rate = new MessageRate(3, { steadyUs: () => us } as Clock)
  const second = () => Array.from({ length: 5 }, () => rate.judge())
  expect(second()).toEqual(['accept', 'accept', 'accept', 'refuse', 'refuse'])
  us += 1_100_000
  expect(second().slice(3)).toEqual(['refuse', 'refuse'])
  us += 1_100_000
  expect(second().slice(3)).toEqual(['end', 'end'])
})

it('takes any number where the setting is off', () => {
  const rate = new MessageRate(0, { steadyUs: () => 0 } as Clock)
  expect(new Set(Array.from({ length: 1_000 }, () => rate.judge()))).toEqual(new Set(['accept']))
})

it('is not held against a client that asks to be paced (+PACEAPI)', async () => {
  await using sim = await startGatewaySim({ port: 0, messagesPerSecond: 10 })
  using client = await RawClient.started(sim.port, 1, 'v100..187 +PACEAPI')
  const welcomed = client.frames().length
  client.socket.write(Buffer.concat(Array.from({ length: 50 }, () => frame(['49', '1']))))
  await client.until(() => client.frames().length === welcomed + 50, 'fifty answers')
  expect(
    new Set(
      client
        .frames()
        .slice(welcomed)
        .map(([id]) => id),
    ),
  ).toEqual(new Set(['49']))
})

it('tells the client by error 100, and closes after three strikes', async () => {
  await using sim = await startGatewaySim({ port: 0, messagesPerSecond: 10 })
  using client = await RawClient.started(sim.port, 1)
  const refused = () => client.frames().filter(([id, , , code]) => id === '4' && code === '100').length
  for (let strike = 1; strike <= 3; strike++) {
    const before = refused()
    client.socket.write(Buffer.concat(Array.from({ length: 30 }, () => frame(['49', '1']))))
    if (strike === 3) break
    await client.until(() => refused() > before, 'error 100')
    await new Promise((resolve) => setTimeout(resolve, 1_200)) // a strike is a second of the clock
  }
  await client.until(() => client.closed, 'the end')
}, 30_000)
