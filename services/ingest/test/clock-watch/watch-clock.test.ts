import { expect, it } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { MNQ, Station } from '../station.ts'

it('tells in events, health and metrics that IB’s clock is another, that stamps are old, and when both are over', async () => {
  await using station = await Station.start(`${MNQ}:MNQ:bid_ask:24`)
  const state = async () => (await station.health()).clock?.state
  await waitFor('the clocks agree', async () => (await state()) === 'agrees')
  await station.fault({ fault: 'clock', offsetSeconds: -30, of: 'both', seconds: 60 })
  await waitFor('they differ', async () => (await state()) === 'differs')
  expect(await station.metrics()).toMatch(/^ibs_ingest_clock_offset_seconds (29|30|31)/m) // ours is ahead
  await waitFor('they agree again', async () => (await state()) === 'agrees')
  await station.fault({ fault: 'clock', offsetSeconds: -30, of: 'ticks', seconds: 60 })
  await waitFor('the stream is off', async () => (await state()) === 'stream_off')
  await waitFor('it is not any more', async () => (await state()) === 'agrees')
  expect((await station.events('clock')).map((event) => event.state)).toEqual(['differs', 'agrees'])
  expect(await station.events('lag')).toMatchObject([
    { cid: MNQ, tt: 'bid_ask', state: 'off' },
    { cid: MNQ, tt: 'bid_ask', state: 'agrees' },
  ])
  expect(await station.metrics()).toMatch(/^ibs_ingest_tick_lag_seconds_bucket\{le="1.25",tick_type="bid_ask"\} [1-9]/m)
}, 60_000)
