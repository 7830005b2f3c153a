import type { LogLine, Publisher } from '@ib-stream/bus'
import type { Disk } from './disk.ts'

const WRITE_TAKES_MS = 30

/** What of the publisher ingest needs here. What waits for the disk is lost in a kill. */
export class ModelSpool implements Pick<Publisher, 'add' | 'full' | 'spooled'> {
  full = false
  readonly #disk: Disk
  readonly #isAlive: () => boolean
  #waiting: LogLine[] = []
  #written: PromiseWithResolvers<void> | undefined

  constructor(disk: Disk, isAlive: () => boolean) {
    this.#disk = disk
    this.#isAlive = isAlive
  }

  add(line: LogLine): void {
    this.#waiting.push(line)
    this.#written ??= this.#writeSoon()
  }

  async spooled(): Promise<void> {
    await this.#written?.promise
  }

  /** Nothing waits any more. */
  write(): void {
    if (!this.#isAlive()) return
    this.#disk.append(this.#waiting)
    this.#waiting = []
    this.#written?.resolve()
    this.#written = undefined
  }

  #writeSoon(): PromiseWithResolvers<void> {
    setTimeout(() => this.write(), WRITE_TAKES_MS)
    return Promise.withResolvers<void>()
  }
}
