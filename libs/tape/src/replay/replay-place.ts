import type { TimedTick } from './arrival-order.ts'

/** Where a replay is: after a tick in the order of arrival; of those with the same stamps, `k` were given. */
export interface ReplayPlace {
  /** When the tick happened, µs UTC. */
  us: number
  /** Its `st`, µs UTC. */
  st: number
  k: number
}

const FORM = /^r\.(\d{1,16})\.(\d{1,16})\.(\d{1,9})$/

/** The place as users carry it; its form is ours to change. */
export const formatReplayPlace = ({ us, st, k }: ReplayPlace): string => `r.${us}.${st}.${k}`

/** Undefined for what {@link formatReplayPlace} never made. */
export function parseReplayPlace(text: string): ReplayPlace | undefined {
  const [us, st = 0, k = 0] = (FORM.exec(text) ?? []).slice(1).map(Number)
  return us === undefined ? undefined : { us, st, k }
}

/** The place after one more tick. */
export const placeAfter = ({ us, tick: { st } }: TimedTick, before: ReplayPlace | undefined): ReplayPlace =>
  before?.us === us && before.st === st ? { us, st, k: before.k + 1 } : { us, st, k: 1 }

/** Passes ticks that come after a place; batches may be empty. */
export async function* afterPlace(batches: AsyncIterable<readonly TimedTick[]>, place: ReplayPlace): AsyncGenerator<readonly TimedTick[]> {
  let same = place.k
  const isAfter = ({ us, tick: { st } }: TimedTick) => {
    if (us !== place.us || st !== place.st) return us > place.us || (us === place.us && same <= 0)
    same -= 1
    return same < 0
  }
  for await (const batch of batches) yield batch.filter(isAfter)
}
