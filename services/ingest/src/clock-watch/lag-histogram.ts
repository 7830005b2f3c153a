import { type TickType, US_PER_SECOND } from '@ib-stream/model'
import type { Metric, Registry } from 'prom-client'

const NAME = 'ibs_ingest_tick_lag_seconds'
const HELP = 'Age of a live tick by its stamp when it came, against the clock of IB'
/** Seconds. IB's stamps are cut to whole ones, so a tick that comes at once is up to a second old. */
const BOUNDS = [-1, 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 5, 10, 30, 60]
const BOUNDS_US = BOUNDS.map((seconds) => seconds * US_PER_SECOND)

interface Counts {
  /** Ticks up to each bound and above the one before; the last place is for those above all. */
  ticks: Float64Array
  sumUs: number
}

/** How old live ticks are when they come. Every tick is counted, so it is done here: an observation of the metrics library with its label takes about as long as the rest. */
export class LagHistogram {
  readonly #byType = new Map<TickType, Counts>()

  constructor(register: Registry) {
    const get = async () => ({ name: NAME, help: HELP, type: 'histogram', aggregator: 'sum', values: this.#values() })
    register.registerMetric({ name: NAME, get } as unknown as Metric<string>)
  }

  /** @param lagUs age of a tick by IB's clock, µs */
  observe(tt: TickType, lagUs: number): void {
    let counts = this.#byType.get(tt)
    if (!counts) {
      counts = { ticks: new Float64Array(BOUNDS.length + 1), sumUs: 0 }
      this.#byType.set(tt, counts)
    }
    let bucket = 0
    while (bucket < BOUNDS_US.length && lagUs > (BOUNDS_US[bucket] as number)) bucket += 1
    counts.ticks[bucket] = (counts.ticks[bucket] as number) + 1
    counts.sumUs += lagUs
  }

  #values(): object[] {
    return [...this.#byType].flatMap(([tick_type, { ticks, sumUs }]) => {
      let count = 0
      const buckets = [...ticks].map((inBucket, i) => {
        count += inBucket
        return { metricName: `${NAME}_bucket`, labels: { le: BOUNDS[i] ?? '+Inf', tick_type }, value: count }
      })
      const whole = (what: string, value: number) => ({ metricName: `${NAME}_${what}`, labels: { tick_type }, value })
      return [...buckets, whole('sum', sumUs / US_PER_SECOND), whole('count', count)]
    })
  }
}
