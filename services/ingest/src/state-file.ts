import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '@ib-stream/model'

const RETRY_AFTER_MS = 1_000

/** A small JSON file that ingest keeps for its own next start; replaced as a whole, and durable when `write` returns: it is the old one or the new one whatever happens. */
export class StateFile {
  readonly #path: string
  /** Tries again what the disk did not take. */
  #late: NodeJS.Timeout | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** What stands there; undefined where there is none, or where it cannot be read as JSON. */
  read(): unknown {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as unknown
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || (Error.isError(error) && error.name === 'SyntaxError')) return undefined
      throw error
    }
  }

  /** A disk that takes no writes ends nothing: the newest value is tried again every second until it stands there. */
  write(value: unknown): void {
    clearTimeout(this.#late)
    try {
      this.#replace(JSON.stringify(value))
    } catch (error) {
      if (codeOf(error) === undefined) throw error // no word of the disk
      this.#late = setTimeout(() => this.write(value), RETRY_AFTER_MS).unref()
    }
  }

  #replace(text: string): void {
    const folder = dirname(this.#path)
    const made = mkdirSync(folder, { recursive: true })
    if (made !== undefined) for (let one = folder; one.length >= made.length; one = dirname(one)) syncFolder(dirname(one))
    const tmp = `${this.#path}.tmp`
    const file = openSync(tmp, 'w')
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(tmp, this.#path)
    syncFolder(folder)
  }
}

/** Makes the names in a folder durable: after a power cut a renamed file may else be the old one, or the new name that of nothing. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
