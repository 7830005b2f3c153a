import { StorageError } from '../errors.ts'
import { type Backend, SEALED_BACKEND } from '../layout/backend.ts'

/** How much of a backend is kept; without a limit all of it is. */
export interface Keep {
  /** UTC days whose last moment is longer ago than this may go, µs. */
  maxAgeUs?: number
  /** Part of the disk of DATA_DIR that its files may take, above 0, at most 1: above it the oldest UTC days may go. */
  maxDiskShare?: number
}

/** Backends that are not named keep all. */
export type KeepByBackend = { readonly [backend in Backend]?: Keep }

/** Backends that have a limit, the shortest kept first. */
export function limitedBackends(keep: KeepByBackend): Backend[] {
  const names = Object.keys(keep) as Backend[]
  return names
    .filter((backend) => keep[backend]?.maxAgeUs !== undefined || keep[backend]?.maxDiskShare !== undefined)
    .sort((a, b) => compareKeep(keep[a], keep[b]))
}

/** Those of `backends` that are kept longer than one of them: by age, and with the same age by share. An hour may go only where one of these has it. */
export const longerKept = (keep: KeepByBackend, backend: Backend, backends: readonly Backend[]): Backend[] =>
  backends.filter((other) => other !== backend && compareKeep(keep[other], keep[backend]) > 0)

function compareKeep(a: Keep | undefined, b: Keep | undefined): number {
  return compare(ageOf(a), ageOf(b)) || compare(shareOf(a), shareOf(b))
}

const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1) // ∞ − ∞ is no number
const ageOf = (keep: Keep | undefined): number => keep?.maxAgeUs ?? Number.POSITIVE_INFINITY
const shareOf = (keep: Keep | undefined): number => keep?.maxDiskShare ?? Number.POSITIVE_INFINITY

/** @throws StorageError `IBS_STORAGE_RETENTION_INVALID` naming every limit that cannot be */
export function assertKeep(keep: KeepByBackend): void {
  const problems = (Object.entries(keep) as [string, Keep | undefined][]).flatMap(([backend, { maxAgeUs, maxDiskShare } = {}]) => [
    ...(maxAgeUs === undefined || (Number.isSafeInteger(maxAgeUs) && maxAgeUs > 0)
      ? []
      : [`maxAgeUs of ${backend} is ${maxAgeUs}; give a whole number of µs above 0`]),
    ...(maxDiskShare === undefined || (maxDiskShare > 0 && maxDiskShare <= 1)
      ? []
      : [`maxDiskShare of ${backend} is ${maxDiskShare}; give a number above 0, at most 1`]),
    ...(backend === SEALED_BACKEND ? [`${SEALED_BACKEND} is the archive and is kept for ever; give limits to other backends`] : []),
  ])
  if (problems.length > 0) throw new StorageError('IBS_STORAGE_RETENTION_INVALID', problems.join('; '), { keep })
}
