/** Writes both backends of the log of log.ts, each at a pace of its own, and takes away what is old in JSON, until its standard input ends. Says at last what it did. */
import { setTimeout as pause } from 'node:timers/promises'
import { hourOf, partitionOf, US_PER_HOUR } from '@ib-stream/model'
import { encodeTickJson } from '../../src/codec/json.ts'
import { encodeTickProto } from '../../src/codec/proto.ts'
import type { OwnBackend } from '../../src/layout/backend.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { retainPartition } from '../../src/retention/retain.ts'
import { openPartitionStore, type PartitionStore } from '../../src/segment/partition-store.ts'
import { CIDS, tickAt } from './log.ts'

const [dataDir = ''] = process.argv.slice(2)
const MOST_TICKS = 60
const did = { removedFiles: 0, owners: 0, ticks: 0 }

class Writer {
  readonly backend: OwnBackend
  readonly #cid: number
  #store: PartitionStore | undefined

  constructor(backend: OwnBackend, cid: number) {
    this.backend = backend
    this.#cid = cid
  }

  async turn(n: number): Promise<void> {
    const store = await this.#open()
    for (let left = Math.floor(Math.random() * MOST_TICKS); left > 0; left--) this.#take(store)
    await (n % 40 === 7 ? store.commitDurable() : store.commitVisible())
    did.ticks = Math.max(did.ticks, store.seq)
  }

  async retain(): Promise<void> {
    const store = await this.#open()
    const owned = { store, backend: this.backend, partition: partitionOf(this.#cid) }
    const { removed } = await retainPartition(owned, { dataDir, keep: { json: { maxAgeUs: US_PER_HOUR } }, nowUs: store.newestStUs })
    did.removedFiles += removed.files
  }

  /** The next owner goes on where it was. */
  async close(): Promise<void> {
    await this.#store?.close()
    this.#store = undefined
  }

  async #open(): Promise<PartitionStore> {
    if (this.#store) return this.#store
    const source = { spoolId: 'spool', source: 'simulator' as const }
    this.#store = await openPartitionStore({ dataDir, backend: this.backend, partition: partitionOf(this.#cid), source })
    if (this.#store === undefined) throw new Error('locked')
    did.owners++
    return this.#store
  }

  #take(store: PartitionStore): void {
    const tick = tickAt(this.#cid, store.seq + 1)
    const path = segmentPath({ backend: this.backend, cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) })
    store.append(path, this.backend === 'json' ? Buffer.from(`${encodeTickJson(tick)}\n`) : encodeTickProto(tick))
    store.advance(store.seq + 1, tick.st)
  }
}

async function main(): Promise<void> {
  let isOver = false
  process.stdin.resume().once('end', () => {
    isOver = true
  })
  const writers = CIDS.flatMap((cid) => [new Writer('json', cid), new Writer('pb', cid)])
  for (let n = 1; !isOver; n++) {
    for (const writer of writers) if (Math.random() < 0.7) await writer.turn(n)
    if (n % 50 === 0) for (const writer of writers) if (writer.backend === 'json') await writer.retain()
    if (n % 90 === 0) for (const writer of writers) await writer.close()
    await pause(10) // as real ones rest between two commits
  }
  for (const writer of writers) await writer.close()
  process.stdout.write(JSON.stringify(did))
}

await main()
