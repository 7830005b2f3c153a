import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventSubject, type RecorderEvent, US_PER_DAY } from '@ib-stream/model'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readEventFiles, readLedger, recordedUntilUs } from '../../src/ledger/read-ledger.ts'
import { DAY_US, market, openRecording, type Recording, until } from '../recording.ts'

const signal = new AbortController().signal
const gap = (i: number): RecorderEvent =>
  ({ kind: 'gap', st: DAY_US + i, epoch: 1, cid: 1, tt: 'last', fromUs: DAY_US, toUs: DAY_US + i, cause: 'stale', reason: `${i}` }) as const
const opened = (i: number): RecorderEvent => ({ ...gap(i), kind: 'gap_opened' }) as RecorderEvent

let recording: Recording
beforeAll(async () => {
  recording = await openRecording()
})
afterAll(async () => {
  await recording[Symbol.asyncDispose]()
})

const publish = async (events: readonly RecorderEvent[]) => {
  for (const event of events) recording.publisher.add({ subject: eventSubject(event.kind), line: JSON.stringify(event), event: true })
  await recording.publisher.settled(signal)
}

test('gives each event of the kinds once and in order, those too that the log no longer has, and those that only the log has yet', async () => {
  const { manager } = recording.bus
  await publish([gap(1), opened(2), gap(3)])
  await until('EVENTS has them', async () => (await manager.streams.info('EVENTS')).state.messages >= 3)
  await manager.streams.purge('TICKS', { seq: (await manager.streams.info('TICKS')).state.last_seq })
  await recording.publish(market(50, { seed: 3 }))
  await publish([gap(4), opened(5), gap(6)])
  const found = await readLedger({ bus: recording.bus, kinds: ['gap'], signal })
  expect(found).toEqual([gap(1), gap(3), gap(4), gap(6)])
})

test('says that the log is away', async () => {
  await recording.stopNats()
  await expect(readLedger({ bus: recording.bus, kinds: ['gap'], signal })).rejects.toMatchObject({ code: 'IBS_TAPE_LOG_AWAY' })
  await recording.startNats()
}, 30_000)

test('reads the files up to a moment, without a line that is still being written', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-events-'))
  await mkdir(join(dataDir, 'events'))
  const nextDay = { ...gap(1), st: DAY_US + US_PER_DAY }
  const lines = (...events: readonly object[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')
  await writeFile(join(dataDir, 'events', '2025-07-30.jsonl'), lines(gap(1), gap(2), gap(3)))
  await writeFile(join(dataDir, 'events', '2025-07-31.jsonl'), `${lines(nextDay)}{"kind":"gap","st":17`)
  const found: RecorderEvent[] = []
  for await (const event of readEventFiles(dataDir, DAY_US + 2 * US_PER_DAY)) found.push(event)
  expect(found).toEqual([gap(1), gap(2), gap(3), nextDay])
  const early: RecorderEvent[] = []
  for await (const event of readEventFiles(dataDir, DAY_US + 3)) early.push(event)
  expect(early).toEqual([gap(1), gap(2)])
  expect(await recordedUntilUs(dataDir)).toBeUndefined()
  await rm(dataDir, { recursive: true })
})
