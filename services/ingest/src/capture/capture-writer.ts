import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib'
import { codeOf, isoFromUs, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import { CAPTURE_HEAD, type CaptureKind, encodeRecord } from './capture-record.ts'
import { FrameBoundary } from './frame-boundary.ts'
import type { WireTap } from './wire-tap.ts'

export interface CaptureOptions {
  folder: string
  /** Most bytes of all files; the oldest go first. */
  maxBytes: number
  clock: Clock
  onTrouble(reason: string): void
}

const FILE_BYTES = 64 * 2 ** 20
const FILE_US = US_PER_HOUR
/** What a disk that does not keep up may leave in memory; beyond it records are left out, for ticks go first. */
const MOST_WAITING_BYTES = 32 * 2 ** 20
/** A disk that took nothing is not tried again before. */
const RETRY_AFTER_US = 10 * US_PER_SECOND
/** What a kill may cost. */
const FLUSH_EVERY_MS = 1_000
export const CAPTURE_FILE = /^\d{4}-\d\d-\d\dT[\d-]+Z\.frames\.zst$/

interface CaptureFile {
  path: string
  zstd: ZstdCompress
  out: WriteStream
  openedUs: number
  closed: Promise<void>
}

/** Writes all that passes between ingest and the gateway, with its time, to zstd files that begin anew each hour or 64 MiB, at the end of a frame. */
export class CaptureWriter implements WireTap {
  /** Records that were left out because the disk did not keep up, or took nothing. */
  leftOut = 0
  readonly #options: CaptureOptions
  readonly #flushing: Timer
  #file: CaptureFile | undefined
  #boundary = new FrameBoundary()
  #address: string | undefined
  /** Something of this connection was left out: it goes on with the next frame that begins. */
  #isTorn = false
  #retryUs = Number.NEGATIVE_INFINITY
  #work: Promise<void> = Promise.resolve()

  constructor(options: CaptureOptions) {
    this.#options = options
    mkdirSync(options.folder, { recursive: true })
    this.#flushing = options.clock.every(FLUSH_EVERY_MS, () => this.#file?.zstd.flush(constants.ZSTD_e_flush))
  }

  opened(address: { host: string; port: number }): void {
    this.#address = JSON.stringify(address)
    this.#boundary = new FrameBoundary()
    this.#isTorn = false
    this.#put('opened', Buffer.from(this.#address))
  }

  received(bytes: Buffer): void {
    const boundary = this.#boundary.push(bytes)
    if (this.#isTorn) return this.#goOn(bytes, boundary)
    if (boundary === undefined || !this.#isFull()) return this.#put('received', bytes)
    this.#put('received', bytes.subarray(0, boundary))
    this.#next()
    if (boundary < bytes.length) this.#put('received', bytes.subarray(boundary))
  }

  sent(request: string): void {
    this.#put('sent', Buffer.from(request))
  }

  ended(reason: string): void {
    this.#address = undefined
    this.#isTorn = false
    this.#put('ended', Buffer.from(JSON.stringify({ reason })))
  }

  /** Everything is in the files afterwards. */
  async close(): Promise<void> {
    this.#flushing.cancel()
    this.#end()
    await this.#work
  }

  #put(kind: CaptureKind, bytes: Buffer): void {
    const isFull = this.#isBehind
    if (isFull && this.leftOut === 0) this.#options.onTrouble('the disk does not keep up: the capture has holes from here on')
    const file = isFull ? undefined : (this.#file ?? this.#open())
    if (!file) {
      this.leftOut += 1
      this.#isTorn = this.#address !== undefined
      return
    }
    file.zstd.write(encodeRecord({ kind, atUs: this.#options.clock.nowUs(), bytes }))
  }

  get #isBehind(): boolean {
    const waiting = this.#file ? this.#file.zstd.writableLength + this.#file.out.writableLength : 0
    return waiting > MOST_WAITING_BYTES
  }

  /** Whoever reads it must not take what stands on both sides of a hole for one frame. */
  #goOn(bytes: Buffer, boundary: number | undefined): void {
    if (boundary === undefined || this.#isBehind || !(this.#file ?? this.#open())) {
      this.leftOut += 1
      return
    }
    this.#isTorn = false
    this.#put('ended', Buffer.from(JSON.stringify({ reason: 'what came next is not in the capture' })))
    this.#put('resumed', Buffer.from(this.#address ?? '{}'))
    if (boundary < bytes.length) this.#put('received', bytes.subarray(boundary))
  }

  #isFull(): boolean {
    const file = this.#file
    return file !== undefined && (file.out.bytesWritten >= FILE_BYTES || this.#options.clock.nowUs() - file.openedUs >= FILE_US)
  }

  #next(): void {
    this.#end()
    if (this.#address !== undefined) this.#put('resumed', Buffer.from(this.#address))
  }

  #open(): CaptureFile | undefined {
    if (this.#options.clock.steadyUs() < this.#retryUs) return undefined
    const openedUs = this.#options.clock.stampUs()
    const path = join(this.#options.folder, `${isoFromUs(openedUs).replace(/[:.]/g, '-')}.frames.zst`)
    const [zstd, out] = [createZstdCompress(), createWriteStream(path, { flags: 'wx' })]
    const closed = new Promise<void>((resolve) => out.once('close', () => resolve()))
    for (const stream of [zstd, out]) stream.on('error', (error: Error) => this.#failed(file, error))
    zstd.pipe(out)
    zstd.write(CAPTURE_HEAD)
    const file = { path, zstd, out, openedUs, closed }
    this.#file = file
    return file
  }

  /** A capture is for looking at trouble: it must not make any. What comes in a while tries a new file. */
  #failed(file: CaptureFile, error: Error): void {
    if (this.#file === file) {
      this.#file = undefined
      this.#isTorn = this.#address !== undefined
    }
    this.#retryUs = this.#options.clock.steadyUs() + RETRY_AFTER_US
    if (file.out.bytesWritten === 0 && codeOf(error) !== 'EEXIST') void rm(file.path, { force: true }).catch(() => undefined) // nothing is in it
    this.#options.onTrouble(`the capture cannot be written: ${error.message}`)
    file.zstd.destroy()
    file.out.destroy()
  }

  #end(): void {
    const file = this.#file
    this.#file = undefined
    if (!file) return
    file.zstd.end()
    this.#work = this.#work.then(() => file.closed).then(() => this.#trim())
  }

  async #trim(): Promise<void> {
    const { folder, maxBytes, onTrouble } = this.#options
    try {
      const names = (await readdir(folder)).filter((name) => CAPTURE_FILE.test(name)).sort()
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
      let bytes = sizes.reduce((sum, size) => sum + size, 0)
      for (let i = 0; i < names.length - 1 && bytes > maxBytes; i++) {
        await rm(join(folder, names[i] ?? ''))
        bytes -= sizes[i] ?? 0
      }
    } catch (error) {
      onTrouble(`old capture files cannot be removed: ${Error.isError(error) ? error.message : String(error)}`)
    }
  }
}
