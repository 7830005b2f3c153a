import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '@ib-stream/model'

/** A small JSON file that ingest keeps for its own next start; replaced as a whole, so that it is the old one or the new one whatever happens. */
export class StateFile {
  readonly #path: string

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

  write(value: unknown): void {
    mkdirSync(dirname(this.#path), { recursive: true })
    const tmp = `${this.#path}.tmp`
    const file = openSync(tmp, 'w')
    try {
      writeFileSync(file, JSON.stringify(value))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(tmp, this.#path)
  }
}
