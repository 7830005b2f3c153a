import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareTicks, TICK_TYPES, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { afterAll, beforeAll } from '@jest/globals'
import { openRange, type TickRange } from '../src/query/open-range.ts'
import type { RangeOptions } from '../src/query/plan-range.ts'
import { verify } from '../src/verify/verify.ts'
import { temporaryDataDir } from './data-dir.ts'
import { CID, recordTree, START_US } from './recorded-tree.ts'

export const PER_HOUR = 40
export const TICKS = 8 * PER_HOUR
const DAY = { startUs: START_US - US_PER_DAY, endUs: START_US + US_PER_DAY }

/** A recording of both backends that is made once for a file of tests, and copied for each. */
export function recordedOnce() {
  const made = { dataDir: '', ticks: [] as TickMessage[] }
  const copied = async (from = made.dataDir) => {
    const at = await emptyTree()
    await cp(from, at.dataDir, { recursive: true })
    return at
  }
  beforeAll(async () => {
    made.dataDir = await mkdtemp(join(tmpdir(), 'ibs-recorded-'))
    made.ticks = await recordTree(made.dataDir, { ticks: TICKS, perHour: PER_HOUR })
  })
  afterAll(() => rm(made.dataDir, { recursive: true }))
  return Object.assign(made, { copied })
}

export async function emptyTree() {
  const at = await temporaryDataDir()
  return Object.assign(at, {
    in: (path: string) => join(at.dataDir, path),
    damage: async () => (await verify({ dataDir: at.dataDir })).damage,
  })
}

/** All that was recorded, unless a part is named. */
export const open = (dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickRange> =>
  openRange({ dataDir, cids: [CID], tts: TICK_TYPES, ...DAY, ...other })

export async function all(range: TickRange): Promise<TickMessage[]> {
  const found: TickMessage[] = []
  for await (const batch of range.batches()) found.push(...batch)
  return found
}

export async function query(dataDir: string, other: Partial<RangeOptions> = {}): Promise<TickMessage[]> {
  await using range = await open(dataDir, other)
  return await all(range)
}

export const sorted = (some: readonly TickMessage[]): TickMessage[] => some.toSorted(compareTicks)
