import { type PlainTick, withoutStamp } from './ticks.ts'

/** A time without certainty as the recorder declared it; µs on its clock. */
export interface DeclaredGap {
  kind: 'gap' | 'gap_opened'
  cid: number
  tt: string
  fromUs: number
  toUs: number
}

/** Ticks of one stream that were sent and are not recorded, in one run. */
interface Hole {
  stream: string
  /** 0: nothing is missing. */
  missing: number
  /** So many recorded ticks stand before it. Several answers, the greatest first, where the run's end and what stands before it are equal ticks. */
  places: readonly number[]
}

/** A tick is as long in one batch as the others of its subject, and of a batch that a kill tore all from its first line on counts as missing. */
const MOST_LINES_OF_BATCH = 480

/**
 * Holes that no gap reaches over, with all that is known of them; none is as it should be. A gap that does begins before the first tick that is missing in the order of
 * sending over all streams, but not long before, and ends with the first that is there again.
 * @param sent ticks of one connection after the other, in the order of sending
 * @param recorded by stream, in order of arrival
 * @throws Error where a stream is not what was sent without one run
 */
export function undeclaredHoles(
  sent: ReadonlyMap<string, readonly PlainTick[]>,
  recorded: ReadonlyMap<string, readonly PlainTick[]>,
  { order, gaps }: { order: readonly PlainTick[]; gaps: readonly DeclaredGap[] },
): object[] {
  const turnOf = new Map(order.map((tick, turn) => [tick, turn]))
  const holes = [...sent].map(([stream, ticks]) => holeIn(stream, ticks, recorded.get(stream) ?? []))
  const turnIn = (stream: string, i: number) => turnOf.get(sent.get(stream)?.[i] as PlainTick) ?? Number.NaN
  /** Turn of the last recorded tick with a stamp up to `us`, of whatever stream. */
  const heardUpTo = (us: number) =>
    Math.max(
      ...holes.map(({ stream, missing, places: [place = 0] }) => {
        const last = (recorded.get(stream) ?? []).findLastIndex(({ st = 0 }) => st <= us)
        return last < 0 ? -1 : turnIn(stream, last < place ? last : last + missing)
      }),
    )
  return holes.flatMap(({ stream, missing, places }) => {
    if (missing === 0) return []
    const ofStream = gaps.filter(({ cid, tt }) => `${cid}_${tt}` === stream)
    const stampAt = (i: number) => (i < 0 ? 0 : (recorded.get(stream)?.[i]?.st ?? Number.MAX_SAFE_INTEGER))
    const isDeclared = (place: number) =>
      ofStream.some(({ kind, fromUs, toUs }) => {
        if (kind !== 'gap' || toUs <= stampAt(place - 1) || toUs > stampAt(place)) return false
        return fromUs >= stampAt(place - MOST_LINES_OF_BATCH) && heardUpTo(fromUs) < turnIn(stream, place)
      })
    if (places.some(isDeclared)) return []
    const around = places.map((place) => ({
      lastBeforeUs: stampAt(place - 1),
      firstAfterUs: stampAt(place),
      firstMissing: sent.get(stream)?.[place],
      isAtEnd: place === recorded.get(stream)?.length,
    }))
    return [{ stream, missing, recorded: recorded.get(stream)?.length, around, gaps: ofStream }]
  })
}

function holeIn(stream: string, sent: readonly PlainTick[], recorded: readonly PlainTick[]): Hole {
  const wanted = sent.map(withoutStamp)
  const got = recorded.map(withoutStamp)
  const missing = wanted.length - got.length
  let before = 0
  while (before < got.length && got[before] === wanted[before]) before++
  const differs = got.findIndex((tick, i) => i >= before && tick !== wanted[i + missing])
  if (missing < 0 || differs >= 0)
    throw new Error(
      `${stream}: of ${wanted.length} ticks sent ${got.length} are recorded, which are the first ${before} of them; the next recorded one is ${got[before]}, and ` +
        `tick ${differs} is ${got[differs]} where behind one run of missing ones ${wanted[differs + missing]} would stand`,
    )
  const places = [before]
  for (let place = before - 1; place >= 0 && wanted[place] === wanted[place + missing]; place--) places.push(place)
  return { stream, missing, places }
}
