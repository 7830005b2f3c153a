import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hourOf, type TickMessage, type TickType } from '@ib-stream/model'
import { decodeRecordProto, encodeTickProto, viewOf } from '../codec/proto.ts'
import { recordAt } from '../codec/split-varint.ts'
import type { Form } from './turned.ts'

/** One contract, tick type and hour of `ts`: what becomes one file. */
export interface HourKey {
  cid: number
  tt: TickType
  hourUs: number
}

/** Ticks of one file of one recording. */
export interface SpooledFile {
  recording: string
  form: Form
  path: string
  ticks: TickMessage[]
}

const FLUSH_BYTES = 16 * 1024 * 1024

const LABEL = 0x7b // '{': a message begins with the tag of `ts`

/**
 * Ticks on their way from the files that hold them, by any clock and in any order, to the hours they belong to. Lies in files of its own, which are made anew by the
 * next run after a crash, so nothing is synced.
 */
export class HourSpool {
  readonly #folder: string
  readonly #waiting = new Map<string, { key: HourKey; label: string; chunks: Uint8Array[] }>()
  readonly #keys = new Map<string, HourKey>()
  #waitingBytes = 0

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(folder: string): Promise<HourSpool> {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    return new HourSpool(folder)
  }

  add(tick: TickMessage, origin: Omit<SpooledFile, 'ticks'>): HourKey {
    const name = `${tick.cid}_${tick.tt}_${hourOf(tick.ts)}`
    let waiting = this.#waiting.get(name)
    if (waiting === undefined) {
      waiting = { key: this.#keyOf(name, tick), label: '', chunks: [] }
      this.#waiting.set(name, waiting)
    }
    const label = labelOf(origin)
    if (waiting.label !== label) {
      waiting.label = label
      this.#push(waiting.chunks, framed(label))
    }
    this.#push(waiting.chunks, encodeTickProto(tick))
    return waiting.key
  }

  /** Call between files or chunks: writes out what waits in memory once it is much. */
  async relieve(): Promise<void> {
    if (this.#waitingBytes >= FLUSH_BYTES) await this.#flush()
  }

  /** Hours that have ticks here, in order. */
  keys(): HourKey[] {
    return [...this.#keys.values()].sort((a, b) => a.hourUs - b.hourUs || a.cid - b.cid || (a.tt < b.tt ? -1 : 1))
  }

  async read(key: HourKey): Promise<SpooledFile[]> {
    await this.#flush()
    return decodeSpool(await readFile(join(this.#folder, nameOf(key))))
  }

  async drop(key: HourKey): Promise<void> {
    this.#keys.delete(nameOf(key))
    await rm(join(this.#folder, nameOf(key)), { force: true })
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #keyOf(name: string, tick: TickMessage): HourKey {
    const key = this.#keys.get(name) ?? { cid: tick.cid, tt: tick.tt, hourUs: hourOf(tick.ts) }
    this.#keys.set(name, key)
    return key
  }

  #push(chunks: Uint8Array[], chunk: Uint8Array): void {
    chunks.push(chunk)
    this.#waitingBytes += chunk.length
  }

  async #flush(): Promise<void> {
    for (const [name, { chunks }] of this.#waiting) await appendFile(join(this.#folder, name), Buffer.concat(chunks))
    this.#waiting.clear() // labels too: the next piece says again where it comes from
    this.#waitingBytes = 0
  }
}

const nameOf = ({ cid, tt, hourUs }: HourKey): string => `${cid}_${tt}_${hourUs}`

const labels = new WeakMap<object, string>()

/** The same object for each tick of a file, so its text is made once. */
function labelOf(origin: Omit<SpooledFile, 'ticks'>): string {
  const known = labels.get(origin)
  if (known !== undefined) return known
  const label = JSON.stringify(origin)
  labels.set(origin, label)
  return label
}

function framed(label: string): Uint8Array {
  const bytes = Buffer.from(label)
  const head: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    head.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) break
  }
  return Buffer.concat([Uint8Array.from(head), bytes])
}

function decodeSpool(bytes: Uint8Array): SpooledFile[] {
  const view = viewOf(bytes)
  const files = new Map<string, SpooledFile>()
  let file: SpooledFile | undefined
  for (let record = recordAt(bytes, 0); record.end >= 0; record = recordAt(bytes, record.end)) {
    const { start, end } = record
    if (bytes[start] === LABEL) {
      const label = Buffer.from(bytes.subarray(start, end)).toString('utf8')
      file = files.get(label) ?? { ...(JSON.parse(label) as Omit<SpooledFile, 'ticks'>), ticks: [] }
      files.set(label, file)
    } else file?.ticks.push(decodeRecordProto(bytes, view, start, end))
  }
  return [...files.values()]
}
