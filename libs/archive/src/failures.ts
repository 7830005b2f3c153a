import { codeOf } from '@ib-stream/model'
import { MARKER } from './marker.ts'
import type { ObjectStore } from './object-store.ts'
import { type ArchiveFailure, failureOf } from './run.ts'

/** Of the data folder as a whole: the next day would fail alike. */
const OF_THE_FOLDER = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'IBS_STORAGE_BACKEND_IN_USE', 'IBS_STORAGE_SOURCE_MIXED'])
/** A server that fails so many objects while it has others is looked at by a person; each try may have sent a whole day. */
const MOST_BY_SERVER = 3

/** Tells what is wrong with one day or record, so that the others go on, from a server or a disk that fails all of them. */
export class Failures {
  readonly list: ArchiveFailure[]
  readonly #store: ObjectStore
  readonly #prefix: string
  readonly #signal: AbortSignal
  #byServer = 0
  #ofAll: unknown

  /** @param list what is noted goes to its end */
  constructor({ store, prefix, signal }: { store: ObjectStore; prefix: string; signal: AbortSignal }, list: ArchiveFailure[] = []) {
    this.list = list
    this.#store = store
    this.#prefix = prefix
    this.#signal = signal
  }

  /**
   * @param at path of the day, or key of the record
   * @throws the error where the others would fail alike; `signal.reason`
   */
  async note(at: string, error: unknown): Promise<void> {
    this.#signal.throwIfAborted()
    if (error === this.#ofAll || (await this.#isOfAll(error))) {
      this.#ofAll = error
      throw error
    }
    this.list.push(failureOf(at, error))
  }

  async #isOfAll(error: unknown): Promise<boolean> {
    const code = codeOf(error)
    if (code === 'IBS_ARCHIVE_WRITE_FAILED') return OF_THE_FOLDER.has(codeOf((error as Error).cause) ?? '')
    if (code !== 'IBS_ARCHIVE_AWAY' && code !== 'IBS_ARCHIVE_REFUSED') return OF_THE_FOLDER.has(code ?? '')
    this.#byServer += 1
    return this.#byServer >= MOST_BY_SERVER || !(await this.#isServerWell())
  }

  /** Every prefix that was archived to has its marker, whose reading asks for no more than the server and the keys. */
  async #isServerWell(): Promise<boolean> {
    try {
      return (await this.#store.head(`${this.#prefix}${MARKER}`, this.#signal)) !== undefined
    } catch {
      this.#signal.throwIfAborted()
      return false
    }
  }
}
