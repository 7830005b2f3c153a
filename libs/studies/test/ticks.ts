import { type BidAskTick, hash31, type TickMessage, type TradeTick } from '@ib-stream/model'

const CID = 265598
const SECOND_US = 1_000_000
/** 2025-07-30 14:00 UTC. */
export const START_US = 1_753_884_000_000_000

let stamp = 0

/** `st` rises with each tick made, as in one recording. */
const core = <Type extends TickMessage['tt']>(tt: Type, second: number) => ({
  ts: START_US + Math.floor(second) * SECOND_US,
  st: START_US + Math.floor(second) * SECOND_US + ++stamp,
  cid: CID,
  tt,
  rid: hash31(CID, tt),
})

/** @param second since START_US */
export const trade = (second: number, p: number, s: number, rest: Partial<TradeTick> = {}): TradeTick => ({
  ...core('last', second),
  p,
  s,
  ...rest,
})

export const quote = (second: number, bp: number, ap: number, bs = 5, as = 5): BidAskTick => ({
  ...core('bid_ask', second),
  bp,
  bs,
  ap,
  as,
})

/** Numbers from 0 to 1, the same in each run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A made-up day: a random walk in cents with quotes around it, a burst now and then, odd quotes, sizes with decimals. */
export function madeUpDay(count: number, seed = 7): TickMessage[] {
  const next = random(seed)
  const ticks: TickMessage[] = []
  let [second, cents] = [0, 18_000]
  while (ticks.length < count) {
    second += next() < 0.6 ? 0 : Math.ceil(next() * 20)
    cents += Math.floor(next() * 5) - 2
    const [bid, ask] = [cents / 100, (cents + Math.floor(next() * 4) - (next() < 0.02 ? 2 : 0)) / 100]
    if (next() < 0.55) ticks.push(quote(second, bid, ask, Math.ceil(next() * 9) * 100, Math.ceil(next() * 9) * 100))
    else
      ticks.push(trade(second, next() < 0.45 ? bid : next() < 0.8 ? ask : (cents + 1) / 100, next() < 0.1 ? 0.1 : Math.ceil(next() * 500)))
    if (next() < 0.01) ticks.push({ ...core('bid_ask', second), bp: bid, bs: 300 })
  }
  return ticks
}
