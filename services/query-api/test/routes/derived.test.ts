import { bidAskTick, compareTicks, isoFromUs, type TickMessage, tradeTick, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { type Bar, prepareStudy, pushAll } from '@ib-stream/studies'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, type Recording, until } from '../../../../libs/tape/test/recording.ts'
import { type LiveServer, openLiveServer } from '../live-server.ts'
import type { StandingServer } from '../standing-server.ts'

const [ONE, TWO] = CIDS
const ticks = market(2_400, { seed: 71, stepUs: 3 * US_PER_SECOND })
let live: LiveServer
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  live = await openLiveServer()
  ;({ recording, server } = live)
  await recording.publish(ticks.slice(0, 2_300))
  await recording.write('pb', ONE, (await recording.messages()).at(-1)?.seq ?? 0)
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

const mine = (to = 2_300) =>
  ticks
    .slice(0, to)
    .filter(({ cid }) => cid === ONE)
    .toSorted(compareTicks)
const json = async (path: string) => (await (await fetch(`${server.url}${path}`)).json()) as Record<string, unknown>
const ALL = `start_time=0&end_time=${DAY_US + 24 * US_PER_HOUR}`

function expected(name: string, parameters: Record<string, unknown>) {
  const study = prepareStudy(name, { session: 'none', ...parameters }).create()
  return JSON.parse(JSON.stringify([...pushAll(study, mine()), ...study.flush(DAY_US + 24 * US_PER_HOUR)]))
}

describe('bars and studies over history', () => {
  test.each([
    ['bars?interval=1m', 'bars', { interval: '1m' }],
    ['bars?interval=50t&of=mid', 'bars', { interval: '50t', of: 'mid' }],
    ['studies?vwap&min_trades=5', 'vwap', { min_trades: '5' }],
    ['studies?true-delta&window_seconds=30', 'true_delta', { window_seconds: '30' }],
  ])('%s gives what the study gives over the same ticks', async (asked, name, parameters) => {
    const [kind, text = ''] = asked.split('?')
    const path = kind === 'bars' ? `/v3/bars/${ONE}?${text}` : `/v3/studies/${ONE}/${text.replace('&', '?')}`
    const answer = await json(`${path}&${ALL}`)
    const outputs = expected(name, parameters)
    expect(outputs.length).toBeGreaterThan(5)
    expect(answer).toMatchObject({ contract_id: ONE, study: name, outputs, total_outputs: outputs.length })
    const lines = await (await fetch(`${server.url}${path}&${ALL}&format=ndjson`)).text()
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(outputs)
  })

  test('regression: a range that ended long ago has no bar that is not complete, and one that ends in a bar has one', async () => {
    const last = async (endUs: number) =>
      ((await json(`/v3/bars/${ONE}?interval=1m&start_time=0&end_time=${endUs}`)).outputs as { end: number; complete: boolean }[]).at(-1)
    const end = (await last(DAY_US + 24 * US_PER_HOUR))?.end ?? 0
    expect(await last(DAY_US + 24 * US_PER_HOUR)).toMatchObject({ complete: true })
    expect(await last(end)).toMatchObject({ end, complete: true })
    expect(await last(end - 1)).toMatchObject({ end, complete: false })
  })

  test('regression: a range that begins in a bar said that its first bar was complete', async () => {
    const first = async (startUs: number) =>
      ((await json(`/v3/bars/${ONE}?interval=1m&start_time=${startUs}&end_time=${DAY_US + 24 * US_PER_HOUR}`)).outputs as Bar[])[0]
    const { ts = 0 } = (await first(0)) ?? {}
    expect(await first(ts)).toMatchObject({ ts, complete: true })
    expect(await first(ts + 1)).toMatchObject({ ts, complete: false })
  })

  test('the list has each study with its parameters; what is wrong is said of the parameter', async () => {
    const { studies } = (await json('/v3/studies')) as { studies: { name: string }[] }
    expect(studies.map(({ name }) => name)).toContain('volume_profile')
    const code = 'IBS_QUERY_PARAMETER_INVALID'
    expect(await json(`/v3/studies/${ONE}/nothing?${ALL}`)).toMatchObject({ code, field: 'study', value: 'nothing' })
    expect(await json(`/v3/bars/${ONE}?interval=soon&${ALL}`)).toMatchObject({ code, field: 'interval', value: 'soon' })
    expect(await json(`/v3/studies/${ONE}/vwap?bin=3&${ALL}`)).toMatchObject({ code, field: 'bin' })
    expect(await json(`/v3/bars/${ONE}?window_seconds=3`)).toMatchObject({ code: 'IBS_QUERY_PARAMETER_UNKNOWN' })
  })

  test('live=true goes on: the outputs of history and live are those over all ticks', async () => {
    const leave = new AbortController()
    const response = await fetch(`${server.url}/v3/studies/${ONE}/passthrough?start_time=0&live=true`, { signal: leave.signal })
    let text = ''
    const read = async () => {
      for await (const part of response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) ?? [])
        text += part
    }
    void read().catch(() => undefined)
    await until('it is live', () => text.includes('event: live\n'))
    await recording.publish(ticks.slice(2_300))
    const count = () => text.split('event: output\n').length - 1
    const all = ticks.filter(({ cid }) => cid === ONE).length
    await until('every output', () => count() === all)
    leave.abort()
    expect(count()).toBe(all)
  })
})

describe('what stood', () => {
  const asOf = async (at: string, more = '') =>
    ((await json(`/v3/asof/${ONE}?at=${at}${more}`)) as { ticks: Record<string, TickMessage | null> }).ticks

  test('property: the last quote and trade at or before any moment, by our stamp or IB’s', async () => {
    const all = mine(2_400)
    for (let i = 1; i < 5; i++) {
      const atUs = (all[i * 150]?.st ?? 0) + (i % 2)
      for (const clock of ['st', 'ts'] as const) {
        const ticks = await asOf(String(atUs), `&clock=${clock}&tick_types=bid_ask,last`)
        for (const tt of ['bid_ask', 'last'] as const) {
          const upTo = all.filter((tick) => tick.tt === tt && tick[clock] <= atUs)
          const newest = Math.max(...upTo.map((tick) => tick[clock]))
          expect(ticks[tt]?.[clock]).toBe(newest)
          expect(upTo).toContainEqual(ticks[tt])
        }
      }
    }
  })

  test('far from any tick it looks back up to two weeks, then says that there is none', async () => {
    const last = mine(2_400).findLast(({ tt }) => tt === 'last')
    expect((await asOf(isoFromUs(DAY_US + 96 * US_PER_HOUR))).last).toEqual(last)
    expect((await asOf('2025-09-30Z')).last).toBeNull()
    expect((await asOf('5')).last).toBeNull()
    expect(await json(`/v3/asof/${ONE}?at=2025-07-30`)).toMatchObject({ code: 'IBS_QUERY_PARAMETER_INVALID', field: 'at' })
  })

  test('every trade of a range comes with the quote that stood, at the borders too; as lines or as one object', async () => {
    const all = mine(2_400)
    const quotes = all.filter(({ tt }) => tt === 'bid_ask')
    const [startUs, endUs] = [DAY_US + US_PER_HOUR / 2, DAY_US + 1.5 * US_PER_HOUR]
    const range = `start_time=${startUs}&end_time=${endUs}`
    for (const clock of ['st', 'ts'] as const) {
      const text = await (await fetch(`${server.url}/v3/asof/${ONE}/trades?${range}&clock=${clock}&format=ndjson`)).text()
      const rows = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { trade: TickMessage; quote: TickMessage | null })
      const trades = all.filter(({ tt, ts }) => tt === 'last' && ts >= startUs && ts < endUs)
      expect(rows.map(({ trade }) => trade).toSorted(compareTicks)).toEqual(trades)
      for (const { trade, quote } of rows) {
        const stood = quotes.filter((one) => one[clock] <= trade[clock]).toSorted((a, b) => a[clock] - b[clock] || a.st - b.st)
        expect([trade.st, quote]).toEqual([trade.st, stood.at(-1) ?? null])
      }
      const whole = await json(`/v3/asof/${ONE}/trades?${range}&clock=${clock}`)
      expect(whole).toMatchObject({ contract_id: ONE, trades: rows, total_trades: rows.length })
      expect(await json(`/v3/asof/${ONE}/trades?${range}&clock=${clock}&limit=3`)).toMatchObject({
        trades: rows.slice(0, 3),
        total_trades: 3,
      })
    }
    const before = `start_time=${DAY_US - 2 * US_PER_HOUR}&end_time=${DAY_US - US_PER_HOUR}`
    expect(await json(`/v3/asof/${ONE}/trades?${before}`)).toMatchObject({ trades: [], total_trades: 0 })
  })

  test('a snapshot has the newest tick of each stream, those of batches among them', async () => {
    const { contracts } = (await json('/v3/snapshot')) as { contracts: { contract_id: number; ticks: Record<string, TickMessage> }[] }
    expect(contracts.map(({ contract_id }) => contract_id)).toEqual([...CIDS].toSorted((a, b) => a - b))
    for (const { contract_id, ticks: newest } of contracts) {
      for (const tt of ['bid_ask', 'last'] as const)
        expect(newest[tt]).toEqual(ticks.findLast((tick) => tick.cid === contract_id && tick.tt === tt))
    }
    const some = (await json(`/v3/snapshot?contracts=${TWO}&tick_types=last`)) as { contracts: { ticks: object }[] }
    expect(some.contracts.map(({ ticks: newest }) => Object.keys(newest))).toEqual([['last']])
  })

  test.each([
    ['slow', -40],
    ['fast', 40],
    ['fast by hours', 3 * 3_600],
  ])(
    'regression: by our stamp while our clock was %s, a quote that came later, or none of the last minute, was given',
    async (_how, skewSeconds) => {
      const cid = 900_000 + Math.abs(skewSeconds) + Number(skewSeconds > 0)
      const startUs = DAY_US + 144 * US_PER_HOUR
      const quotes = Array.from({ length: 400 }, (_, i) => {
        const ts = startUs + i * US_PER_SECOND
        return bidAskTick({ ts, st: ts + skewSeconds * US_PER_SECOND + 300_000, cid, bp: 10 + i, bs: 1, ap: 11 + i, as: 1 })
      })
      await recording.publish(quotes)
      const atUs = startUs + (200 + skewSeconds) * US_PER_SECOND
      const answer = await json(`/v3/asof/${cid}?at=${atUs}&tick_types=bid_ask`)
      expect(answer).toMatchObject({ ticks: { bid_ask: quotes.findLast(({ st }) => st <= atUs) } })
    },
  )

  test('regression: the quote that came over the beginning of what is read was passed over, and an older one given', async () => {
    const cid = 900_100
    const startUs = DAY_US + 120 * US_PER_HOUR
    const quoteAt = (seconds: number, arrivedSeconds: number, bp: number) =>
      bidAskTick({ ts: startUs + seconds * US_PER_SECOND, st: startUs + arrivedSeconds * US_PER_SECOND, cid, bp, bs: 1, ap: bp + 1, as: 1 })
    const trade = tradeTick({ tt: 'last', ts: startUs + US_PER_SECOND, st: startUs + 1.2 * US_PER_SECOND, cid, p: 21, s: 1 })
    await recording.publish([quoteAt(-600, -599.8, 10), quoteAt(-61, -59.9, 20), trade])
    for (const clock of ['st', 'ts']) {
      const range = `start_time=${startUs}&end_time=${startUs + US_PER_HOUR}&clock=${clock}`
      expect(await json(`/v3/asof/${cid}/trades?${range}`)).toMatchObject({ trades: [{ trade, quote: { bp: 20 } }] })
    }
  })
})
