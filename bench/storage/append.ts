import { deepStrictEqual } from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hourOf, partitionOf, type TickMessage, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import {
  BACKENDS,
  type Backend,
  encodeTickProto,
  encodeTicksJson,
  openPartitionStore,
  openRange,
  type PartitionStore,
  segmentPath,
} from '@ib-stream/storage'
import { type Figure, figureOf } from './figure.ts'

/** Ticks that one message of the log brings together under load. */
const MESSAGE_TICKS = 64
/** As the writers: visible at 4 MiB or after half a second. Durable ten times as often as they are, because a round takes a second. */
const COMMIT_BYTES = 4 * 2 ** 20
const VISIBLE_MS = 500
const DURABLE_MS = 1_000

/** Ticks a second to be in files that survive a power cut: ticks as bytes through the store of a partition, with its checkpoints; ends with a durable one. */
export async function appendFigures(ticks: readonly TickMessage[], rounds: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const backend of BACKENDS) {
    const messages = messagesOf(backend, ticks)
    await appendAll(backend, messages, ticks)
    const tookUs: Took[] = []
    for (let round = 0; round < rounds; round++) tookUs.push(await appendAll(backend, messages))
    const name = `append ${backend} with checkpoints`
    const speeds = tookUs.map(({ wallUs }) => (ticks.length / wallUs) * US_PER_SECOND)
    const cpu = tookUs.map(({ cpuUs }) => cpuUs / ticks.length)
    figures.push(figureOf(name, 'ticks/s', speeds, 400_000), figureOf(`${name}: CPU`, 'µs a tick', cpu))
  }
  return figures
}

/** CPU is that of the process: other work on the machine changes it little. */
interface Took {
  wallUs: number
  cpuUs: number
}

interface Message {
  path: string
  newestStUs: number
  ticks: readonly TickMessage[]
  encode(ticks: readonly TickMessage[]): Uint8Array
}

/** Messages of one type and hour each, their ticks not yet encoded: that is part of what is timed. */
function messagesOf(backend: Backend, ticks: readonly TickMessage[]): Message[] {
  const encode =
    backend === 'json' ? encodeTicksJson : (some: readonly TickMessage[]) => Buffer.concat(some.map((tick) => encodeTickProto(tick)))
  const messages: Message[] = []
  for (let at = 0; at < ticks.length; at += MESSAGE_TICKS) {
    const byPath = Map.groupBy(ticks.slice(at, at + MESSAGE_TICKS), ({ cid, tt, ts }) =>
      segmentPath({ backend, cid, tt, hourUs: hourOf(ts) }),
    )
    for (const [path, some] of byPath) messages.push({ path, newestStUs: some.at(-1)?.st ?? 0, ticks: some, encode })
  }
  return messages
}

/** @param expected the files are read again and compared with these */
async function appendAll(backend: Backend, messages: readonly Message[], expected?: readonly TickMessage[]): Promise<Took> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-bench-append-'))
  try {
    const partition = partitionOf(messages[0]?.ticks[0]?.cid ?? 0)
    await using store = await openPartitionStore({ dataDir, backend, partition, source: { spoolId: 'bench', source: 'simulator' } })
    if (store === undefined) throw new Error(`${dataDir} is somebody else's`)
    const startedMs = performance.now()
    const before = process.cpuUsage()
    await append(store, messages)
    const { user, system } = process.cpuUsage(before)
    const took = { wallUs: usFromMs(performance.now() - startedMs), cpuUs: user + system }
    if (expected) await verify(dataDir, backend, expected)
    return took
  } finally {
    await rm(dataDir, { recursive: true })
  }
}

async function append(store: PartitionStore, messages: readonly Message[]): Promise<void> {
  let visibleMs = performance.now()
  let durableMs = visibleMs
  let seq = 0
  for (const { path, newestStUs, ticks, encode } of messages) {
    store.append(path, encode(ticks))
    store.advance(++seq, newestStUs)
    const nowMs = performance.now()
    if (nowMs - durableMs >= DURABLE_MS) {
      await store.commitDurable()
      visibleMs = durableMs = nowMs
    } else if (store.pendingBytes >= COMMIT_BYTES || nowMs - visibleMs >= VISIBLE_MS) {
      await store.commitVisible()
      visibleMs = nowMs
    }
  }
  await store.commitDurable()
}

/** The files give the very ticks. */
async function verify(dataDir: string, backend: Backend, expected: readonly TickMessage[]): Promise<void> {
  const cid = expected[0]?.cid ?? 0
  await using range = await openRange({ dataDir, backends: [backend], cids: [cid], tts: ['bid_ask', 'last'], startUs: 0, endUs: 2 ** 52 })
  let at = 0
  for await (const batch of range.batches()) {
    deepStrictEqual(batch, expected.slice(at, at + batch.length))
    at += batch.length
  }
  deepStrictEqual(at, expected.length)
}
