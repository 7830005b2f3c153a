import { eventSubject } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { receivedUpTo } from '../src/received-up-to.ts'
import { linesOf, market, openRecording, type Recording } from './recording.ts'

let recording: Recording

beforeAll(async () => {
  recording = await openRecording()
})
afterAll(async () => {
  await recording?.[Symbol.asyncDispose]()
})

test('says of every place in the log up to when lines are in what lies before it, of none inside a batch', async () => {
  await recording.publish(market(40, { seed: 61 }))
  await recording.publish(market(4_000, { seed: 62, fromUs: Date.UTC(2025, 6, 31) * 1_000 }))
  const messages = await recording.messages()
  const stOf = (line: string) => (JSON.parse(line) as { st: number }).st
  let newest = 0
  let batches = 0
  for (const message of messages) {
    newest = Math.max(newest, ...linesOf(message).map(stOf))
    const { k = 1, n = 1 } = message.batch ?? {}
    if (k === n && n > 1) batches += 1
    if (k === n || k === 1) expect(await receivedUpTo(recording.bus, message.seq)).toBe(k === n ? newest : undefined)
  }
  expect(batches).toBeGreaterThan(0)
})

test('says nothing of what is trimmed, of what is to come, and where nobody answers', async () => {
  const last = (await recording.messages()).at(-1)?.seq ?? 0
  await recording.bus.manager.streams.purge('TICKS', { seq: last - 1 })
  expect(await receivedUpTo(recording.bus, last - 3)).toBeUndefined()
  expect(await receivedUpTo(recording.bus, last + 1)).toBeUndefined()
})

test('regression: what fills the place of a lost message is stamped later than what follows, and passed for its time', async () => {
  const st = Date.now() * 1_000
  recording.publisher.add({ subject: eventSubject('lost'), line: JSON.stringify({ kind: 'lost', st, epoch: 0, seq: 1 }), event: true })
  await recording.publisher.settled(AbortSignal.timeout(10_000))
  const message = (await recording.messages()).at(-1)
  expect(message?.subject).toBe(eventSubject('lost'))
  expect(await receivedUpTo(recording.bus, message?.seq ?? 0)).toBeUndefined()
})
