import { deepStrictEqual } from 'node:assert'
import { isoFromUs, type TickMessage, US_PER_SECOND } from '@ib-stream/model'
import { type Figure, figureOf } from '../storage/figure.ts'
import { bodyOf, wholeMs } from './client.ts'
import { QueryGround } from './ground.ts'
import { CID, DAY, dayOfTicks, HOUR, hourOfTicks, record } from './recorded.ts'
import type { Size } from './sections.ts'

const QUOTES = 1_000_000
const HOUR_TICKS = 400_000
const INSTANTS = 100
const MINUTE_US = 60 * US_PER_SECOND

interface Bar {
  ts: number
  open: number
  high: number
  low: number
  close: number
  quote_count: number
}

/** What is computed from files, over HTTP. */
export async function derivedFigures(size: Size): Promise<Figure[]> {
  return [...(await barFigures(size)), ...(await asOfFigures(size))]
}

async function barFigures({ scale, rounds }: Size): Promise<Figure[]> {
  await using ground = await QueryGround.make()
  const ticks = () => Iterator.from(dayOfTicks(Math.round((QUOTES * scale * 4) / 3))).filter(({ tt }) => tt === 'bid_ask')
  await record(ground.dataDir, 'pb', ticks())
  await ground.startApi()
  const range = `start_time=${isoFromUs(DAY.startUs)}&end_time=${isoFromUs(DAY.endUs)}`
  const url = `${ground.url}/v3/bars/${CID}?interval=1m&of=mid&${range}`
  const { outputs } = JSON.parse((await bodyOf(url)).toString('utf8')) as { outputs: Bar[] }
  const got = outputs.map(({ ts, open, high, low, close, quote_count }) => ({ ts, open, high, low, close, quote_count }))
  deepStrictEqual(got, naiveBars(ticks()))
  const tookMs: number[] = []
  for (let round = 0; round < rounds; round++) tookMs.push(await wholeMs(url))
  return [figureOf('one-minute bars of the mid over 1M quotes, from pb', 'ms', tookMs, { atMost: 600 * scale })]
}

function naiveBars(ticks: Iterable<TickMessage>): Bar[] {
  const bars = new Map<number, Bar>()
  for (const tick of ticks) {
    if (tick.tt !== 'bid_ask' || tick.bp === undefined || tick.ap === undefined) continue
    const mid = (tick.bp + tick.ap) / 2
    const ts = Math.floor(tick.ts / MINUTE_US) * MINUTE_US
    const bar = bars.get(ts)
    const { open, high, low, quote_count } = bar ?? { open: mid, high: mid, low: mid, quote_count: 0 }
    bars.set(ts, { ts, open, high: Math.max(high, mid), low: Math.min(low, mid), close: mid, quote_count: quote_count + 1 })
  }
  return [...bars.values()]
}

/** The quote and the trade that stood at moments spread over an hour. */
async function asOfFigures({ scale }: Size): Promise<Figure[]> {
  const count = Math.round(HOUR_TICKS * scale)
  await using ground = await QueryGround.make()
  for (const backend of ['json', 'pb'] as const) await record(ground.dataDir, backend, hourOfTicks(count))
  await ground.startApi()
  const moments = Array.from({ length: INSTANTS }, (_, i) => HOUR.startUs + MINUTE_US + i * 33_333_333)
  const wanted = standing([...hourOfTicks(count)], moments)
  const urlOf = (atUs: number, types: string) => `${ground.url}/v3/asof/${CID}?at=${isoFromUs(atUs)}&tick_types=${types}`
  for (const [i, atUs] of moments.entries()) {
    const { ticks } = JSON.parse((await bodyOf(urlOf(atUs, 'bid_ask,last'))).toString('utf8')) as { ticks: unknown }
    deepStrictEqual(ticks, wanted[i], `as of ${isoFromUs(atUs)}`)
  }
  const figures: Figure[] = []
  for (const [name, types] of Object.entries({
    'the quote': 'bid_ask',
    'quote and trade': 'bid_ask,last',
    'all types': 'bid_ask,last,all_last,mid_point',
  })) {
    const tookMs: number[] = []
    for (const atUs of moments) tookMs.push(await wholeMs(urlOf(atUs, types)))
    figures.push(figureOf(`as of one instant in an hour, ${name}: p50`, 'ms', tookMs, { atMost: 20 }))
  }
  return figures
}

/** By a walk over all ticks. */
function standing(ticks: readonly TickMessage[], moments: readonly number[]): Partial<Record<string, TickMessage>>[] {
  let last: Partial<Record<string, TickMessage>> = {}
  let next = 0
  return moments.map((atUs) => {
    for (let tick = ticks[next]; tick && tick.st <= atUs; tick = ticks[++next]) last = { ...last, [tick.tt]: tick }
    return { bid_ask: last.bid_ask, last: last.last }
  })
}
