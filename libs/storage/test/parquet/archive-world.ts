import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hourOf, TICK_TYPES, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { encodeTickProto } from '../../src/codec/proto.ts'
import { SEALED_BACKEND } from '../../src/layout/backend.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { statePaths } from '../../src/layout/state-path.ts'
import { Sealer } from '../../src/parquet/sealer.ts'
import { openRange } from '../../src/query/open-range.ts'
import { bootId } from '../../src/segment/boot-id.ts'
import type { Source } from '../../src/segment/checkpoint.ts'
import { type Disk, nodeDisk } from '../../src/segment/disk.ts'
import { openPartitionStoreOn, type PartitionStore } from '../../src/segment/partition-store.ts'
import { CID, START_US, source, tickAt } from '../recorded-tree.ts'
import { type DiskCall, type Gate, gatedDisk } from '../segment/failing-disk.ts'
import { type Fate, MemoryDisk } from '../segment/memory-disk.ts'

export const PARTITION = 9
const PER_HOUR = 2

/** Ticks from the log, one a message: message n is `ticks[n − 1]`. They begin ten hours before midnight; now and then one is late by hours. */
export const logOf = (ticks: number): TickMessage[] => Array.from({ length: ticks }, (_, n) => tickAt(n, PER_HOUR))

export interface Effect {
  call: DiskCall
  path: string
  ofSealing: boolean
}

/** The archive's writer in one process, on a disk that can be stopped before any effect and that knows what was synced. */
export class ArchiveWorld {
  readonly dataDir: string
  readonly log: readonly TickMessage[]
  readonly #source: Source
  #memory = new MemoryDisk()
  /** Messages from one durable commit to the next. */
  settleEvery = 16
  #gate: Gate = () => undefined
  #settling = false
  /** Effects on the disk so far. */
  readonly effects: Effect[] = []

  constructor(dataDir: string, log: readonly TickMessage[], recording: Source = source) {
    this.dataDir = dataDir
    this.log = log
    this.#source = recording
  }

  /** Lives until the log ends, or until `stopBefore` effects were let through: then nothing reaches the disk any more, as after kill -9. */
  async live(stopBefore = Number.POSITIVE_INFINITY): Promise<'ended' | 'killed'> {
    this.#settling = false
    this.effects.length = 0
    this.#gate = (call, path) => {
      if (call === 'size' || call === 'read' || call === 'readText') return
      if (this.effects.length >= stopBefore) throw Object.assign(new Error('killed'), { code: 'KILLED' })
      this.effects.push({ call, path, ofSealing: this.#settling || path.startsWith('parquet') })
    }
    try {
      await this.#follow()
      return 'ended'
    } catch (error) {
      if (this.effects.length < stopBefore) throw error
      return 'killed'
    }
  }

  async #follow(): Promise<void> {
    const source = this.#source
    const disk = gatedDisk(bothOf(nodeDisk(this.dataDir), this.#memory), (call, path) => this.#gate(call, path))
    const lock = { check: async () => undefined, release: async () => undefined }
    const store = await openPartitionStoreOn({ disk, lock, bootId: bootId(), backend: SEALED_BACKEND, partition: PARTITION, source })
    const sealer = new Sealer({
      ...{ dataDir: this.dataDir, partition: PARTITION, source, store, disk },
      nowMs: () => Number.MAX_SAFE_INTEGER, // late ticks are merged at once
      onTrouble: (_path, error) => {
        throw error
      },
    })
    await sealer.recover()
    while (store.seq < this.log.length) {
      await this.#take(store, sealer)
      if (store.seq % 5 === 0) await store.commitVisible()
      if (store.seq % this.settleEvery === 0) await this.#settle(store, sealer)
    }
    await this.#settle(store, sealer)
    await store.close()
  }

  async #take(store: PartitionStore, sealer: Sealer): Promise<void> {
    const seq = store.seq + 1
    const tick = this.log[seq - 1] as TickMessage
    const path = segmentPath({ backend: SEALED_BACKEND, cid: CID, tt: tick.tt, hourUs: hourOf(tick.ts) })
    if (seq > (await sealer.heldSeqOf(path))) store.append(path, encodeTickProto(tick))
    store.advance(seq, tick.st)
  }

  async #settle(store: PartitionStore, sealer: Sealer): Promise<void> {
    await store.commitDurable()
    this.#settling = true
    await sealer.sealHours()
    for (const day of await sealer.dueDays()) {
      const prepared = await sealer.prepareDay(day)
      if (prepared) await sealer.finishDay(prepared)
    }
    this.#settling = false
  }

  /** What was synced stays, the rest is `fate`'s; the machine comes up again. */
  async powerCut(fate: Fate): Promise<void> {
    this.#memory.powerCut(fate)
    const { visible } = statePaths(SEALED_BACKEND, PARTITION)
    for (const name of await readdir(this.dataDir)) await rm(join(this.dataDir, name), { recursive: true })
    for (const path of this.#memory.paths()) {
      if (path === visible)
        await this.#memory.remove(path) // it is of another boot
      else await put(this.dataDir, path, this.#memory.bytesOf(path) ?? new Uint8Array())
    }
  }

  /** The state of the partition is lost, and with it the rows that wait: the log, which has all, is read from its beginning. */
  async loseState(): Promise<void> {
    await rm(join(this.dataDir, '.state'), { recursive: true })
    for (const path of this.#memory.paths()) if (path.startsWith('.state')) await this.#memory.remove(path)
  }

  /** All ticks as a reader finds them now, and the position that goes with them. */
  async read(): Promise<{ ticks: TickMessage[]; seq: number }> {
    await using range = await openRange({
      ...{ dataDir: this.dataDir, backends: [SEALED_BACKEND], cids: [CID], tts: TICK_TYPES },
      ...{ startUs: START_US - US_PER_DAY, endUs: START_US + 9 * US_PER_DAY },
    })
    const ticks: TickMessage[] = []
    for await (const batch of range.batches()) ticks.push(...batch)
    return { ticks, seq: range.positions.get(PARTITION) ?? 0 }
  }
}

async function put(dataDir: string, path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(dataDir, path)), { recursive: true })
  await writeFile(join(dataDir, path), bytes)
}

/** Effects reach both: one is read, the other knows what a power cut leaves. */
function bothOf(real: Disk, memory: MemoryDisk): Disk {
  const both =
    <Facts extends unknown[]>(one: (...facts: Facts) => Promise<unknown>, other: (...facts: Facts) => Promise<unknown>) =>
    async (...facts: Facts): Promise<void> => {
      await one(...facts)
      await other(...facts)
    }
  return {
    size: (path) => real.size(path),
    readText: (path) => real.readText(path),
    read: (path, offsetBytes, lengthBytes) => real.read(path, offsetBytes, lengthBytes),
    makeFolder: both(
      (path) => real.makeFolder(path),
      (path) => memory.makeFolder(path),
    ),
    write: both(
      (path, bytes, at) => real.write(path, bytes, at),
      (path: string, bytes: Uint8Array, at: number) => memory.write(path, bytes, at),
    ),
    writeText: both(
      (path, text) => real.writeText(path, text),
      (path: string, text: string) => memory.writeText(path, text),
    ),
    truncate: both(
      (path, bytes) => real.truncate(path, bytes),
      (path: string, bytes: number) => memory.truncate(path, bytes),
    ),
    rename: both(
      (from, to) => real.rename(from, to),
      (from: string, to: string) => memory.rename(from, to),
    ),
    remove: both(
      (path) => real.remove(path),
      (path) => memory.remove(path),
    ),
    removeFolder: (path) => memory.removeFolder(path).then(() => real.removeFolder(path)),
    syncFile: (path) => memory.syncFile(path), // the model is what is cut; the real disk needs no sync
    syncFolder: (path) => memory.syncFolder(path),
  }
}
