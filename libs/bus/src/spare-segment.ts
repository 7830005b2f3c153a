import { type FileHandle, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createSegment, segmentName } from './spool-segment.ts'

/** Not the name of a segment: who opens the spool anew passes over it, and makes it again. */
const NAME = 'next.spare'

/** The next segment, made in advance: its zeros keep the disk busy for tens of milliseconds, for which nothing that is to be sent should wait. */
export class SpareSegment {
  readonly #folder: string
  #making: Promise<FileHandle | undefined> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Begins to make it, unless it is there or on its way. Whatever keeps it from being made is said to who needs it. */
  prepare(): void {
    this.#making ??= createSegment(this.#path).catch(async () => {
      await rm(this.#path, { force: true }) // a full disk gets its room back
      return undefined
    })
  }

  /** The spare under the name of the segment that begins at `firstN`, or a new one; the caller syncs the folder. */
  async take(firstN: number): Promise<FileHandle> {
    const path = join(this.#folder, segmentName(firstN))
    const spare = await this.#making
    this.#making = undefined
    if (!spare) return await createSegment(path)
    try {
      await rename(this.#path, path)
      return spare
    } catch (error) {
      await spare.close()
      throw error
    }
  }

  /** Gives its room back. */
  async drop(): Promise<void> {
    const spare = await this.#making
    this.#making = undefined
    await spare?.close()
    await rm(this.#path, { force: true })
  }

  get #path(): string {
    return join(this.#folder, NAME)
  }
}
