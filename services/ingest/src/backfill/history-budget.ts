import { msFromUs, US_PER_SECOND } from '@ib-stream/model'
import type { HistoryKind } from './history-page.ts'

/** IB allows 60 requests in ten minutes; the rest is left to the person at the login. */
const TOTAL = { withinUs: 600 * US_PER_SECOND, most: 50 }
/** And fewer than six for a contract and kind in two seconds. */
const SERIES = { withinUs: 2 * US_PER_SECOND, most: 4 }
/** What IB refused as too much counts as a used-up budget for so long. */
const REFUSED_FOR_US = 60 * US_PER_SECOND

interface Asked {
  atUs: number
  series: string
  weight: number
}

/** Keeps within IB's pacing of historical data. Quotes count twice. All times are of the steady clock: one that is set must neither free the budget nor use it up. */
export class HistoryBudget {
  #asked: Asked[] = []
  #notBeforeUs = 0

  /** How long the next request must wait, ms; 0 when it may leave. */
  waitMs(cid: number, kind: HistoryKind, nowUs: number): number {
    this.#asked = this.#asked.filter(({ atUs }) => nowUs - atUs < TOTAL.withinUs)
    const [weight, series] = [weightOf(kind), seriesOf(cid, kind)]
    const untilUs = Math.max(
      this.#notBeforeUs,
      freeAtUs(this.#asked, weight, TOTAL),
      freeAtUs(
        this.#asked.filter((asked) => asked.series === series),
        weight,
        SERIES,
      ),
    )
    return untilUs <= nowUs ? 0 : msFromUs(untilUs - nowUs) + 1
  }

  asked(cid: number, kind: HistoryKind, nowUs: number): void {
    this.#asked.push({ atUs: nowUs, series: seriesOf(cid, kind), weight: weightOf(kind) })
  }

  /** IB called it too much all the same. */
  refused(nowUs: number): void {
    this.#notBeforeUs = nowUs + REFUSED_FOR_US
  }
}

const weightOf = (kind: HistoryKind): number => (kind === 'BID_ASK' ? 2 : 1)
const seriesOf = (cid: number, kind: HistoryKind): string => `${cid} ${kind}`

/** When so many requests have left the window that `weight` more fit in; 0: they do now. */
function freeAtUs(asked: readonly Asked[], weight: number, { withinUs, most }: { withinUs: number; most: number }): number {
  const newestUs = asked.at(-1)?.atUs ?? 0
  let used = weight
  for (let i = asked.length - 1; i >= 0; i--) {
    const { atUs, weight: its } = asked[i] as Asked
    if (newestUs - atUs >= withinUs) break
    used += its
    if (used > most) return atUs + withinUs
  }
  return 0
}
