import { readdir } from 'node:fs/promises'
import { US_PER_DAY } from '@ib-stream/model'
import type { Backend } from '../src/layout/backend.ts'
import { readDayHours } from '../src/retention/day-hours.ts'
import type { RetentionOptions } from '../src/retention/report.ts'
import { START_US } from './recorded-tree.ts'

/** Late enough for everything that was recorded to be older than a day. */
export const LONG_AFTER_US = START_US + 30 * US_PER_DAY

/** JSON a day, protobuf for ever. */
export const jsonForADay = (dataDir: string): RetentionOptions => ({
  dataDir,
  keep: { json: { maxAgeUs: US_PER_DAY } },
  nowUs: LONG_AFTER_US,
})

/** Paths of the files of ticks that a backend has. */
export async function filesOf(dataDir: string, backend: Backend): Promise<string[]> {
  const names = await readdir(`${dataDir}/${backend}`, { recursive: true }).catch(() => [])
  return names
    .filter((name) => name.includes('.'))
    .map((name) => `${backend}/${name}`)
    .sort()
}

/** Closed hours of the day that the recording begins in. */
export async function closedHours(dataDir: string, backend: Backend) {
  const { hours } = await readDayHours(dataDir, backend, Math.floor(START_US / US_PER_DAY) * US_PER_DAY)
  return hours.filter(({ state }) => state === 'closed')
}
