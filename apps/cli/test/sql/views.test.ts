import { rm } from 'node:fs/promises'
import { bidAskTick, compareTicks, isoFromUs, type TickMessage, tradeTick, US_PER_SECOND } from '@ib-stream/model'
import { type Bar, prepareStudy, pushAll } from '@ib-stream/studies'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { runCli } from '../run-cli.ts'
import { recordedArchive } from './recorded-archive.ts'

const CID = 8314
const START_US = Date.UTC(2025, 6, 30, 21) * 1_000
const at = (second: number): number => START_US + second * US_PER_SECOND
const trade = (second: number, p: number, s: number, more: { st?: number; bf?: boolean } = {}) =>
  tradeTick({ tt: 'last', ts: at(second), st: at(second) + 250_000, cid: CID, p, s, ...more })
const quote = (second: number, bp: number, more: { st?: number; bf?: boolean } = {}) =>
  bidAskTick({ ts: at(second), st: at(second) + 200_000, cid: CID, bp, bs: 1, ap: bp + 1, as: 1, ...more })
/** Filled in from IB's history, ten minutes after it happened. */
const filled = (second: number) => ({ st: at(second + 600), bf: true })

/** A minute with a hole that was filled in later, one with a halt, and what came while the hole was filled. */
const TICKS: readonly TickMessage[] = [
  quote(0, 9),
  trade(1, 10, 1),
  trade(50, 11, 2),
  trade(70, 12, 1),
  trade(80, 0, 0),
  trade(90, 13, 1),
  quote(605, 90),
  quote(20, 19, filled(20)),
  trade(30, 14, 3, filled(30)),
  trade(55, 15, 3, filled(55)),
  trade(57, 16, 3, filled(57)),
  trade(59, 18, 1),
  trade(659, 91, 1),
  quote(3 * 3_600 - 1, 95),
  trade(3 * 3_600 + 1, 96, 1),
].toSorted((a, b) => a.st - b.st)

let dataDir = ''
beforeAll(async () => {
  dataDir = await recordedArchive(TICKS, { sealAfter: TICKS.length })
}, 60_000)
afterAll(() => rm(dataDir, { recursive: true }))

async function rowsOf<Row>(statement: string): Promise<Row[]> {
  const run = runCli(['sql', statement, '-d', dataDir, '-f', 'json'])
  expect([await run.ended, run.err]).toEqual([0, ''])
  return JSON.parse(run.out) as Row[]
}

it('regression: bars_1m had a halt as a price of 0, and what was filled in later as the close; it is as the study gives it', async () => {
  const study = prepareStudy('bars', { interval: '1m' }).create()
  const bars = [...pushAll(study, TICKS.toSorted(compareTicks)), ...study.flush()] as Bar[]
  const columns = 'epoch_us(minute) AS ts, open::DOUBLE AS open, high::DOUBLE AS high, low::DOUBLE AS low, close::DOUBLE AS close'
  expect(
    await rowsOf(`SELECT ${columns}, volume::DOUBLE AS volume, trades AS trade_count, vwap FROM bars_1m WHERE cid = ${CID} ORDER BY ts`),
  ).toEqual(
    bars.map(({ ts, open, high, low, close, volume, trade_count, vwap }) => ({ ts, open, high, low, close, volume, trade_count, vwap })),
  )
}, 300_000)

it('regression: what was filled in later stood at its own time, not when it was filled in', async () => {
  const moments = [25, 100, 630, 90_000].map((second) => [second, isoFromUs(at(second))] as const)
  const each = moments.map(([second, iso]) => `SELECT ${second} AS nth, bid_price::DOUBLE AS bid FROM quote_at(${CID}, '${iso}')`)
  expect(await rowsOf(`${each.join(' UNION ALL ')} ORDER BY nth`)).toEqual([
    { nth: 25, bid: 19 },
    { nth: 100, bid: 19 },
    { nth: 630, bid: 90 },
    { nth: 90_000, bid: 95 },
  ])
  const joined = `SELECT price::DOUBLE AS price, bid_price::DOUBLE AS bid FROM trades_as_of(${CID}, DATE '2025-07-30') WHERE price > 0 ORDER BY price`
  expect(await rowsOf(joined)).toEqual(
    [10, 11, 12, 13, 14, 15, 16, 18, 91].map((price) => ({ price, bid: price === 10 ? 9 : price === 91 ? 90 : 19 })),
  )
}, 300_000)

it('regression: the first trades of a day had no quote, though one of the day before still stood', async () => {
  const statement = `SELECT price::DOUBLE AS price, bid_price::DOUBLE AS bid FROM trades_as_of(${CID}, DATE '2025-07-31')`
  expect(await rowsOf(statement)).toEqual([{ price: 96, bid: 95 }])
}, 300_000)
