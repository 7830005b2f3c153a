import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSpool, type Spool } from '../../src/spool.ts'
import type { SpoolRecord } from '../../src/spool-record.ts'

/** An empty folder for a spool. */
export class SpoolFolder implements AsyncDisposable {
  readonly path: string
  static async make(): Promise<SpoolFolder> {
    return new SpoolFolder(await mkdtemp(join(tmpdir(), 'ibs-spool-')))
  }
  constructor(path: string) {
    this.path = path
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

export const openIn = (folder: SpoolFolder | string, keptAfterAckMs?: number): Promise<Spool> =>
  openSpool(typeof folder === 'string' ? folder : folder.path, {
    source: 'simulator',
    ...(keptAfterAckMs === undefined ? {} : { keptAfterAckMs }),
  })

/** Appends, and makes durable. */
export async function write(spool: Spool, records: readonly SpoolRecord[]): Promise<void> {
  spool.append(records)
  await spool.sync()
}

/** From the oldest record on. */
export async function readAll(spool: Spool): Promise<SpoolRecord[]> {
  const all: SpoolRecord[] = []
  for (let n = spool.low; ; ) {
    const records = await spool.readFrom(n)
    all.push(...records)
    const last = records.at(-1)
    if (!last) return all
    n = last.n + 1
  }
}

export const numbers = (records: readonly SpoolRecord[]): number[] => records.map(({ n }) => n)
