import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bus, connectBus, type LogMessage, openLogReader, openPublisher, type Publisher, readLog, tickSubject } from '@ib-stream/bus'
import { hash31, hourOf, partitionOf, type TickMessage, type TickType, US_PER_MS, US_PER_SECOND } from '@ib-stream/model'
import { type Backend, decodeTickJson, encodeTickJson, encodeTickProto, openPartitionStore, segmentPath } from '@ib-stream/storage'
import { headers } from '@nats-io/nats-core'
import { freePort } from '../../../test/support/free-port.ts'

const MOST_SINGLES = 499
const A_BATCH = 501

/** A real log with its only publisher, and files as writers would make them. */
export interface Recording extends AsyncDisposable {
  dataDir: string
  url: string
  bus: Bus
  publisher: Publisher
  /** Adds ticks in their order: in turn some, each as its own message, and some that go as a batch. */
  publish(ticks: readonly TickMessage[]): Promise<void>
  /** Adds the message of a batch, beside the publisher, which is not used any more then. */
  publishPart(ticks: readonly TickMessage[], batch: { k: number; n: number }): Promise<void>
  /** All messages of the log. */
  messages(): Promise<LogMessage[]>
  /** Writes what the log holds up to `seq` of a contract's partition, as a writer of that backend. */
  write(backend: Backend, cid: number, seq: number): Promise<void>
  stopNats(): Promise<void>
  startNats(): Promise<void>
}

export async function openRecording(): Promise<Recording> {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-tape-'))
  const dataDir = join(folder, 'data')
  const port = await freePort()
  const url = `nats://127.0.0.1:${port}`
  let nats: ChildProcess | undefined
  const startNats = async () => {
    const binary = process.env.IB_STREAM_NATS_SERVER ?? 'nats-server'
    nats = spawn(binary, ['-js', '-sd', join(folder, 'nats'), '-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
    await once(nats, 'spawn')
  }
  const stopNats = async () => {
    if (!nats || nats.exitCode !== null) return
    const exit = once(nats, 'exit')
    nats.kill('SIGTERM')
    await exit
  }
  await startNats()
  const bus = await connectBus({ url, name: 'test', signal: AbortSignal.timeout(10_000) })
  const publisher = await openPublisher({
    bus,
    spoolFolder: join(folder, 'spool'),
    source: 'simulator',
    logMaxBytes: 2 ** 28,
    mostSingles: MOST_SINGLES,
  })
  await until('the log stands', () => publisher.state === 'sending')
  const messages = () => readAll(bus)
  return {
    dataDir,
    url,
    bus,
    publisher,
    startNats,
    stopNats,
    messages,
    publish: async (ticks) => {
      for (let from = 0, size = MOST_SINGLES; from < ticks.length; from += size, size = size === MOST_SINGLES ? A_BATCH : MOST_SINGLES) {
        for (const tick of ticks.slice(from, from + size))
          publisher.add({ subject: tickSubject(tick.cid, tick.tt), line: encodeTickJson(tick) })
        await publisher.settled(AbortSignal.timeout(20_000))
      }
    },
    publishPart: async (ticks, { k, n }) => {
      const [{ cid, tt }] = ticks as [TickMessage]
      const head = headers()
      head.set('Ibs-Batch', `${k}/${n}`)
      await bus.connection.request(tickSubject(cid, tt), ticks.map((tick) => `${encodeTickJson(tick)}\n`).join(''), {
        headers: head,
        timeout: 10_000,
      })
    },
    write: async (backend, cid, seq) => {
      const partition = partitionOf(cid)
      const source = { spoolId: publisher.spool.id, source: 'simulator' as const }
      const store = await openPartitionStore({ dataDir, backend, partition, source })
      if (!store) throw new Error('the partition is locked')
      const from = store.seq
      for (const message of await messages()) {
        if (message.seq <= from || message.seq > seq) continue
        const ticks = message.subject.startsWith(`ticks.${partition}.`) ? linesOf(message).map(decodeTickJson) : []
        for (const tick of ticks) {
          const path = segmentPath({ backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) })
          store.append(path, backend === 'json' ? Buffer.from(`${encodeTickJson(tick)}\n`) : encodeTickProto(tick))
        }
        store.advance(message.seq, Math.max(0, ...ticks.map(({ st }) => st)))
      }
      if (seq > store.seq) store.advance(seq, 0)
      await store.commitVisible()
      await store.close()
    },
    [Symbol.asyncDispose]: async () => {
      await publisher.close()
      await bus.close()
      await stopNats()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const linesOf = ({ payload }: LogMessage): string[] => Buffer.from(payload).toString('utf8').trimEnd().split('\n')

async function readAll(bus: Bus): Promise<LogMessage[]> {
  const log = await readLog(bus.manager)
  if (!log || log.lastSeq < log.firstSeq) return []
  const stop = new AbortController()
  const all: LogMessage[] = []
  for await (const batch of openLogReader({ bus, filter: '>', fromSeq: log.firstSeq, signal: stop.signal }).batches()) {
    all.push(...batch)
    if ((all.at(-1)?.seq ?? 0) >= log.lastSeq) break
  }
  return all
}

/** Waits for a condition, at most twenty seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 20_000
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Small deterministic random numbers (mulberry32), 0 to below 1. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export const CIDS = [711280073, 265598, 8314] as const
export const TYPES: readonly TickType[] = ['bid_ask', 'last']
export const DAY_US = 1_753_880_400 * US_PER_SECOND // 2025-07-30T13:00:00Z

/** Ticks in order of arrival: `st` strictly increasing, `ts` whole seconds at or some seconds before it. */
export function market(count: number, options: { seed: number; fromUs?: number; stepUs?: number; lateUs?: number }): TickMessage[] {
  const random = randomFrom(options.seed)
  const { fromUs = DAY_US, stepUs = 20 * US_PER_MS, lateUs = 2 * US_PER_SECOND } = options
  let st = fromUs
  return Array.from({ length: count }, (): TickMessage => {
    st += 1 + Math.floor(random() * 2 * stepUs)
    const cid = CIDS[Math.floor(random() * CIDS.length)] ?? CIDS[0]
    const ts = Math.floor((st - random() * lateUs) / US_PER_SECOND) * US_PER_SECOND
    const price = Math.round(random() * 40_000) / 4
    const size = Math.floor(random() * 20)
    return random() < 0.6
      ? { ts, st, cid, tt: 'bid_ask', rid: hash31(cid, 'bid_ask'), bp: price, bs: size, ap: price + 0.25, as: size + 1 }
      : { ts, st, cid, tt: 'last', rid: hash31(cid, 'last'), p: price, s: size, ex: 'CME' }
  })
}
