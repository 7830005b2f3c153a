import { connectBus, requestBackfill } from '@ib-stream/bus'
import { type BackfillReply, hash31, type TickMessage, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { keyOf, MNQ, Station } from '../station.ts'

const secondsOf = (ticks: readonly TickMessage[]) => ticks.map(({ ts }) => ts / US_PER_SECOND)

/** Holds the log to the market from the first whole second on, up to the second before the newest. */
async function expectWhole(station: Station, tt: TickType, ticks: readonly TickMessage[]): Promise<void> {
  const ofType = ticks.filter((tick) => tick.tt === tt)
  const [first, last] = [Math.min(...secondsOf(ofType)) + 1, Math.max(...secondsOf(ofType)) - 1]
  const recorded = ofType.filter(({ ts }) => ts >= first * US_PER_SECOND && ts <= last * US_PER_SECOND).map(keyOf)
  expect(recorded.length).toBeGreaterThan(1_000)
  expect(recorded.sort()).toEqual((await station.truth(tt, first, last)).sort())
}

describe('backfill, by ingest as a process', () => {
  it('fills what was missed while it was down, killed again and again while it fills: the log is the market, nothing twice', async () => {
    await using station = await Station.start(`${MNQ}:MNQ:bid_ask;last:24`, ['--rate', '3'])
    const { ingest } = station
    await waitFor('it records', async () => (await station.log()).ticks.length > 300)
    await fillBefore(station)
    await ingest.kill()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    for (const pages of [2, 4]) {
      ingest.output = ''
      ingest.start()
      await waitFor('it fills', async () => (await station.events('backfill_page')).length >= pages, 40_000)
      await ingest.kill()
    }
    ingest.output = ''
    ingest.start()
    await ingest.logged('that it records', ({ msg, to }) => msg === 'gateway' && to === 'ready')
    const gaps = () => ingest.log.filter(({ msg }) => msg === 'gap').length
    const filled = () => ingest.log.filter(({ msg, state }) => msg === 'backfill' && state === 'filled').length
    await waitFor('all gaps are filled', async () => gaps() > 0 && filled() >= gaps() && !(await isFilling(station)), 100_000)
    await ingest.stop()
    const { ticks } = await station.log()
    const fills = await station.events('backfill')
    expect(fills.every(({ state }) => state === 'filled')).toBe(true)
    const gapsFilled = fills.filter(({ asked }) => !asked)
    expect(new Set(gapsFilled.map(({ cid, tt, gapFromUs, gapToUs }) => `${cid} ${tt} ${gapFromUs} ${gapToUs}`)).size).toBe(
      gapsFilled.length,
    )
    expect(fills.length - gapsFilled.length).toBe(2)
    expect(ticks.filter(({ bf }) => bf).length).toBe(fills.reduce((sum, fill) => sum + fill.ticks, 0))
    for (const tt of ['bid_ask', 'last'] as const) await expectWhole(station, tt, ticks)
    expect(ticks.every(({ rid, tt }) => rid === hash31(MNQ, tt))).toBe(true)
    const stamps = ticks.filter(({ bf }) => bf).map(({ st }) => st)
    expect(new Set(stamps).size).toBe(stamps.length)
  }, 180_000)

  it('goes on after a kill with a range that somebody asked for, though nobody asks again', async () => {
    await using station = await Station.start(`${MNQ}:MNQ:last`, ['--rate', '3'])
    const { ingest } = station
    await waitFor('it records', async () => (await station.log()).ticks.length > 20)
    const firstUs = Math.min(...(await station.log()).ticks.map(({ ts }) => ts))
    const range = { cid: MNQ, tts: ['last' as const], startUs: firstUs - 900 * US_PER_SECOND, endUs: firstUs - 60 * US_PER_SECOND }
    const asking = ask(station, range).catch(() => undefined)
    await waitFor('a page is there', async () => (await station.events('backfill_page')).length > 0, 40_000)
    await ingest.kill()
    ingest.output = ''
    ingest.start()
    const filled = async () => (await station.events('backfill')).filter(({ asked }) => asked)
    await waitFor('it is filled', async () => (await filled()).length > 0, 80_000)
    await ingest.stop()
    const { ticks } = await station.log()
    const inRange = ticks.filter(({ ts }) => ts >= range.startUs && ts < range.endUs)
    expect(await filled()).toMatchObject([{ state: 'filled', ticks: inRange.length, gapFromUs: range.startUs, gapToUs: range.endUs }])
    const truth = await station.truth('last', range.startUs / US_PER_SECOND, range.endUs / US_PER_SECOND - 1)
    expect(inRange.map(keyOf).sort()).toEqual(truth.sort())
    await asking
  }, 180_000)
})

/** The minute before the recording began, up to the second that was recorded in part; asked for twice. */
async function fillBefore(station: Station): Promise<void> {
  const firstUs = Math.min(...(await station.log()).ticks.filter(({ tt }) => tt === 'last').map(({ ts }) => ts))
  const before = { cid: MNQ, tts: ['last' as const], startUs: firstUs - 60 * US_PER_SECOND, endUs: firstUs + US_PER_SECOND }
  await waitFor('that is long enough ago', async () => {
    const newest = Math.max(...(await station.log()).ticks.map(({ ts }) => ts))
    return newest > before.endUs + 15 * US_PER_SECOND
  })
  const [filledNow, filledAgain] = [await ask(station, before), await ask(station, before)]
  expect([filledNow.at(-1), filledAgain.at(-1)]).toEqual([
    { ok: true, state: 'end' },
    { ok: true, state: 'end' },
  ])
  expect(filledNow.at(-2)).toMatchObject({ state: 'filled', share: 1 })
  expect(filledAgain.at(-2)).toMatchObject({ state: 'filled', ticks: 0 })
  expect(await ask(station, { ...before, endUs: before.startUs })).toMatchObject([
    { ok: false, code: 'IBS_INGEST_BACKFILL_INVALID', field: 'endUs' },
  ])
}

async function ask({ nats }: Station, request: Parameters<typeof requestBackfill>[1]): Promise<BackfillReply[]> {
  await using bus = await connectBus({ url: nats.url, name: 'test' })
  const replies: BackfillReply[] = []
  for await (const reply of requestBackfill(bus, request, AbortSignal.timeout(80_000))) replies.push(reply)
  return replies
}

async function isFilling(station: Station): Promise<boolean> {
  return Number((await station.health()).backfill?.jobs ?? 1) > 0
}
