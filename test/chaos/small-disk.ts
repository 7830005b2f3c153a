import { execFile } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from '@ib-stream/model'

const run = promisify(execFile)

/** A folder that is a small file system of its own where the machine lets us mount one, so that it can be filled without harm. */
export class SmallDisk implements AsyncDisposable {
  readonly folder: string
  /** Undefined: mounted. Else why not: then it is a plain folder, and must not be filled. */
  readonly notMounted: string | undefined

  static async open(folder: string, megabytes: number): Promise<SmallDisk> {
    mkdirSync(folder, { recursive: true })
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'ib-stream-chaos', folder])
      return new SmallDisk(folder, undefined)
    } catch (error) {
      return new SmallDisk(folder, String(error).split('\n')[1] ?? String(error))
    }
  }

  constructor(folder: string, notMounted: string | undefined) {
    this.folder = folder
    this.notMounted = notMounted
  }

  /** Leaves not a byte free. */
  fill(): void {
    if (this.notMounted !== undefined) throw new Error(`${this.folder} is no disk of its own: ${this.notMounted}`)
    const file = openSync(join(this.folder, BALLAST), 'w')
    try {
      for (let chunk = Buffer.alloc(2 ** 20); chunk.length > 0; chunk = chunk.subarray(0, chunk.length >> 1)) writeUntilFull(file, chunk)
    } finally {
      closeSync(file)
    }
  }

  makeRoom(): void {
    rmSync(join(this.folder, BALLAST), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.notMounted === undefined) await run('umount', ['-l', this.folder])
  }
}

/** Not to be taken for anything of the services: readers pass over dot files. */
const BALLAST = '.ballast'

function writeUntilFull(file: number, chunk: Uint8Array): void {
  for (;;) {
    try {
      if (writeSync(file, chunk) < chunk.length) return
    } catch (error) {
      if (codeOf(error) === 'ENOSPC') return
      throw error
    }
  }
}
