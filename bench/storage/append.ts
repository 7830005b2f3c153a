import { setImmediate as nextTurn } from 'node:timers/promises'
import { hourOf, partitionOf, type TickMessage, US_PER_DAY, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { BACKENDS, type OwnBackend, openPartitionStore, openRange, type PartitionStore, segmentPath, tickOfRow } from '@ib-stream/storage'
import { ColumnBuffer } from '../../libs/storage/src/codec/columns.ts'
import { MARKET_CIDS, modelTicks } from './days.ts'
import { assertSame, Digest } from './digest.ts'
import { type Figure, figureOf } from './figure.ts'
import { encode, inFolder } from './trees.ts'

/** Ticks that one message of the log brings together under load. */
const MESSAGE_TICKS = 64
/** As the writers: visible at 4 MiB or after half a second. Durable ten times as often as they are, because a round takes a second or two. */
const COMMIT_BYTES = 4 * 2 ** 20
const VISIBLE_MS = 500
const DURABLE_MS = 1_000
/** Messages that come in one turn of the loop. */
const TURN_MESSAGES = 16
const [CID = 0] = MARKET_CIDS

/** `waiting`: nothing is appended while a commit is under way, as in the writers; `meanwhile`: appends go on, until as much again waits for the next commit. */
type Pace = 'waiting' | 'meanwhile'

/** Ticks a second to be in files that survive a power cut: ticks as objects through the store of a partition, with its checkpoints; ends with a durable one. */
export async function appendFigures(count: number, rounds: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const backend of BACKENDS) {
    const messages = messagesOf(backend, count)
    await appendAll(backend, messages, 'meanwhile', true)
    const took: Record<Pace, Took[]> = { waiting: [], meanwhile: [] }
    for (let round = 0; round < rounds; round++)
      for (const pace of ['waiting', 'meanwhile'] as const) took[pace].push(await appendAll(backend, messages, pace))
    for (const [pace, all] of Object.entries(took))
      figures.push(...figuresOf(`append ${backend}, commits ${WORDS[pace as Pace]}`, all, count))
  }
  return figures
}

const WORDS: Record<Pace, string> = { waiting: 'waited for', meanwhile: 'meanwhile' }

const figuresOf = (name: string, all: readonly Took[], count: number): Figure[] => {
  const each = (of: (took: Took) => number) => all.map(of)
  return [
    figureOf(
      name,
      'ticks/s',
      each(({ wallUs }) => (count / wallUs) * US_PER_SECOND),
      { atLeast: 400_000 },
    ),
    figureOf(
      `${name}: CPU of the thread`,
      'µs a tick',
      each(({ threadUs }) => threadUs / count),
    ),
    figureOf(
      `${name}: made visible`,
      'times',
      each(({ visible }) => visible),
    ),
    figureOf(
      `${name}: made durable`,
      'times',
      each(({ durable }) => durable),
    ),
  ]
}

interface Took {
  wallUs: number
  threadUs: number
  visible: number
  durable: number
}

/** Ticks of one type and hour as columns: a million live objects would be work for the collector, and no writer holds them. */
interface Message {
  path: string
  newestStUs: number
  columns: ColumnBuffer
}

function messagesOf(backend: OwnBackend, count: number): Message[] {
  const messages: Message[] = []
  const waiting = new Map<string, TickMessage[]>()
  for (const tick of modelTicks(count)) {
    const path = segmentPath({ backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) })
    const ticks = waiting.get(path) ?? []
    waiting.set(path, ticks)
    ticks.push(tick)
    if (ticks.length === MESSAGE_TICKS) messages.push(messageOf(path, ticks.splice(0)))
  }
  for (const [path, ticks] of waiting) if (ticks.length > 0) messages.push(messageOf(path, ticks))
  return messages.sort((a, b) => a.newestStUs - b.newestStUs)
}

function messageOf(path: string, ticks: readonly TickMessage[]): Message {
  const columns = new ColumnBuffer(ticks.length)
  for (const tick of ticks) columns.push(tick)
  return { path, newestStUs: ticks.at(-1)?.st ?? 0, columns }
}

/** @param isVerified the files are read again and held to the ticks */
const appendAll = (backend: OwnBackend, messages: readonly Message[], pace: Pace, isVerified = false): Promise<Took> =>
  inFolder(async (dataDir) => {
    const source = { spoolId: 'bench', source: 'simulator' } as const
    await using store = await openPartitionStore({ dataDir, backend, partition: partitionOf(CID), source })
    if (store === undefined) throw new Error(`${dataDir} is somebody else's`)
    const startedMs = performance.now()
    const before = process.threadCpuUsage()
    const commits = await new Appender(backend, store, pace).append(messages)
    const { user, system } = process.threadCpuUsage(before)
    const took = { wallUs: usFromMs(performance.now() - startedMs), threadUs: user + system, ...commits }
    if (isVerified) await verify(dataDir, backend, messages)
    return took
  })

class Appender {
  #visible = 0
  #durable = 0
  #visibleMs = performance.now()
  #durableMs = this.#visibleMs
  #commit: Promise<void> | undefined
  readonly #backend: OwnBackend
  readonly #store: PartitionStore
  readonly #pace: Pace

  constructor(backend: OwnBackend, store: PartitionStore, pace: Pace) {
    this.#backend = backend
    this.#store = store
    this.#pace = pace
  }

  async append(messages: readonly Message[]): Promise<{ visible: number; durable: number }> {
    for (const [index, { path, newestStUs, columns }] of messages.entries()) {
      this.#store.append(path, encode(this.#backend, ticksOf(columns)))
      this.#store.advance(index + 1, newestStUs)
      this.#commit ??= this.#commitIfDue()
      if (this.#pace === 'waiting' || this.#store.pendingBytes >= 2 * COMMIT_BYTES) await this.#commit
      if (index % TURN_MESSAGES === 0) await nextTurn()
    }
    await this.#commit
    await this.#store.commitDurable()
    return { visible: this.#visible, durable: this.#durable + 1 }
  }

  #commitIfDue(): Promise<void> | undefined {
    const nowMs = performance.now()
    const isDurable = nowMs - this.#durableMs >= DURABLE_MS
    if (!isDurable && this.#store.pendingBytes < COMMIT_BYTES && nowMs - this.#visibleMs < VISIBLE_MS) return undefined
    this.#visibleMs = nowMs
    if (isDurable) this.#durableMs = nowMs
    if (isDurable) this.#durable++
    else this.#visible++
    return (isDurable ? this.#store.commitDurable() : this.#store.commitVisible()).finally(() => {
      this.#commit = undefined
    })
  }
}

const ticksOf = (columns: ColumnBuffer): TickMessage[] => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row))

/** The files give the very ticks. */
async function verify(dataDir: string, backend: OwnBackend, messages: readonly Message[]): Promise<void> {
  const ticks = messages.flatMap(({ columns }) => ticksOf(columns)).sort((a, b) => a.ts - b.ts || a.st - b.st)
  const startUs = hourOf(ticks[0]?.ts ?? 0)
  await using range = await openRange({
    dataDir,
    backends: [backend],
    cids: [CID],
    tts: ['bid_ask', 'last'],
    startUs,
    endUs: startUs + US_PER_DAY,
  })
  assertSame(`append ${backend}`, await new Digest().each(range.batches(), Digest.prototype.ticks), ticks)
}
