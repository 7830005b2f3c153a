import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { endOfBatch } from '../src/end-of-batch.ts'
import { market, openRecording, type Recording } from './recording.ts'

const signal = AbortSignal.timeout(60_000)
let recording: Recording

beforeAll(async () => {
  recording = await openRecording()
})
afterAll(async () => {
  await recording?.[Symbol.asyncDispose]()
})

test('is the place itself at the end of a batch, for a single message, and for what the log does not hold', async () => {
  await recording.publish(market(2_000, { seed: 64 }))
  const messages = await recording.messages()
  for (const { seq, batch = { k: 1, n: 1 } } of messages.slice(-40))
    expect(await endOfBatch(recording.bus, seq, signal)).toBe(seq + batch.n - batch.k)
  const last = messages.at(-1)?.seq ?? 0
  expect(await endOfBatch(recording.bus, 0, signal)).toBe(0)
  expect(await endOfBatch(recording.bus, last + 7, signal)).toBe(last + 7)
})

test('waits for the rest of a batch, but not for ever', async () => {
  const last = (await recording.messages()).at(-1)?.seq ?? 0
  const [tick] = market(1, { seed: 65 })
  if (!tick) throw new Error('no tick')
  const part = (k: number) => recording.publishPart([{ ...tick, st: tick.st + k }], { k, n: 3 })
  await part(1)
  const looking = endOfBatch(recording.bus, last + 1, signal)
  await wait(30)
  await part(2)
  await part(3)
  expect(await looking).toBe(last + 3)
  await part(1) // and ingest dies
  expect(await endOfBatch(recording.bus, last + 4, signal)).toBe(last + 4)
  const broken = endOfBatch(recording.bus, last + 4, signal)
  await recording.publishPart([{ ...tick, st: tick.st + 5 }], { k: 1, n: 2 }) // it is back, with another batch
  await recording.publishPart([{ ...tick, st: tick.st + 6 }], { k: 2, n: 2 })
  expect(await broken).toBe(last + 6)
})
