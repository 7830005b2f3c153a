import type { TickMessage } from '@ib-stream/model'
import type { PastTick } from './history-page.ts'

/**
 * Ticks of IB's history that are not recorded, second by second as multisets: what is there n times and recorded m times is missing n − m times. Seconds of which
 * nothing is recorded are taken whole.
 *
 * Equal in all fields goes first; what is left over on both sides is matched by price and size alone, for history may tell flags and conditions otherwise than the
 * live stream did, and a trade told otherwise is not a second trade.
 * @param history ascending; the answer keeps its order
 * @param recorded of the same contract and type, with every tick of the seconds in `history`, also earlier filled ones
 */
export function missingTicks(history: readonly PastTick[], recorded: readonly TickMessage[]): PastTick[] {
  const unmatched = new Tally(recorded, exactKey)
  const notSame = history.filter((tick) => !unmatched.take(tick))
  if (unmatched.left.length === 0) return notSame
  const similar = new Tally(unmatched.left, coarseKey)
  return notSame.filter((tick) => !similar.take(tick))
}

/** Ticks by key, each to be taken once. */
class Tally<Tick extends PastTick> {
  readonly #byKey = new Map<string, Tick[]>()
  readonly #keyOf: (tick: PastTick) => string

  constructor(ticks: readonly Tick[], keyOf: (tick: PastTick) => string) {
    this.#keyOf = keyOf
    for (const tick of ticks) {
      const same = this.#byKey.get(keyOf(tick))
      if (same) same.push(tick)
      else this.#byKey.set(keyOf(tick), [tick])
    }
  }

  /** @returns whether one like it was still there */
  take(tick: PastTick): boolean {
    return this.#byKey.get(this.#keyOf(tick))?.pop() !== undefined
  }

  get left(): Tick[] {
    return [...this.#byKey.values()].flat()
  }
}

function exactKey(tick: PastTick): string {
  const { ts, p, s, ex, sc, upt, pl, bp, bs, ap, as, bpl, aph, mp } = tick as Values
  return [ts, p, s, ex, sc, upt, pl, bp, bs, ap, as, bpl, aph, mp].join('|')
}

function coarseKey(tick: PastTick): string {
  const { ts, p, s, bp, bs, ap, as, mp } = tick as Values
  return [ts, p, s, bp, bs, ap, as, mp].join('|')
}

/** All fields that a tick of any type may have. */
type Values = Record<string, unknown>
