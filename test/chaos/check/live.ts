import { diff, type Fault } from './diff.ts'

/** What a live client was told with `resume_incomplete`, up to its event `live`: the log had forgotten what came then; µs UTC. */
export interface Forgotten {
  cid: number
  fromUs: number
  toUs: number
}

/** A tick as a live client was given it. */
export interface Given {
  st: number
  /** It stands in for what the log has forgotten: such ones come in query order. */
  isFromFiles?: boolean
}

/** Of what the log has forgotten the files give all that is stamped at most so long before. */
const LATE_US = 60_000_000

/** Holds what a live client was given of a stream to what was recorded, in the order of arrival: everything once, but for late ticks of times that it was told of. */
export function judgeLive(
  given: readonly Given[],
  recorded: readonly { cid: number; ts: number; st: number }[],
  forgotten: readonly Forgotten[],
): Fault[] {
  const got = new Set(given.map(({ st }) => st))
  const mayLack = ({ cid, ts, st }: (typeof recorded)[number]) =>
    st - ts > LATE_US && forgotten.some((time) => time.cid === cid && st > time.fromUs && st <= time.toUs && ts <= time.fromUs)
  const wanted = recorded.filter((tick) => got.has(tick.st) || !mayLack(tick))
  return diff(
    wanted.map(({ st }) => String(st)),
    inOrderOfArrival(given).map(String),
  )
}

function inOrderOfArrival(given: readonly Given[]): number[] {
  const stamps: number[] = []
  let fromFiles: number[] = []
  const add = () => {
    stamps.push(...fromFiles.sort((a, b) => a - b))
    fromFiles = []
  }
  for (const { st, isFromFiles = false } of given) {
    if (isFromFiles) fromFiles.push(st)
    else {
      add()
      stamps.push(st)
    }
  }
  add()
  return stamps
}
