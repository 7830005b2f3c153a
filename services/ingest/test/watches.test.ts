import { hash31, type RecordingHealth } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { IngestBench } from './ingest-bench.ts'

const IBM = 8314
/** A Tuesday's regular hours in New York, a minute of it in three seconds. */
const SESSION = { start: '2026-11-24T15:00:00Z', rate: 20 }
const env = { IB_STREAM_TRACKED_CONTRACTS: `${IBM}:IBM:bid_ask`, IB_STREAM_BACKFILL: '0s' }

interface Gap {
  cause: string
  fromUs: number
  toUs: number
  code?: number
}

const healthOf = async (bench: IngestBench): Promise<RecordingHealth> =>
  (await bench.bus.connection.request('$SRV.STATS.ingest', '', { timeout: 5_000 })).json<{ endpoints: { data: RecordingHealth }[] }>()
    .endpoints[0]?.data as RecordingHealth
const clockUs = (bench: IngestBench) => Date.parse(bench.sim.stats().clock) * 1_000

describe('what is watched beside the recording', () => {
  it('asks anew for a stream that IB silently forgot, with the whole silence as a gap', async () => {
    const busy = { [hash31(IBM, 'bid_ask')]: { open: Array(12).fill(1_000) } } // what an earlier run knew of it
    await using bench = await IngestBench.open({ env, clock: SESSION, state: { 'paces.json': busy } })
    await bench.ticks(IBM, 'bid_ask')
    await waitFor('its hours are known', async () => (await healthOf(bench)).streams[0]?.allowedSilenceSeconds === 60)
    expect(await healthOf(bench)).toMatchObject({ health: 'healthy', gateway: 'ready', lines: { granted: 1 } })
    bench.sim.faults.order({ fault: 'deaf', request: 97, seconds: 30 })
    bench.sim.faults.order({ fault: 'cut' })
    const silentUs = clockUs(bench)
    await waitFor('it is silent', async () => (await healthOf(bench)).health === 'degraded')
    const gaps = await waitFor('it flows again', async () => {
      const found = (await bench.events<Gap>('gap')).filter(({ toUs }) => toUs > silentUs)
      return found.length > 1 && found
    })
    expect(gaps.map(({ cause }) => cause)).toEqual(['disconnected', 'stale'])
    expect(gaps[0]?.fromUs).toBeLessThan(silentUs + 2_000_000)
    expect(gaps[1]?.fromUs).toBe(gaps[0]?.toUs)
    expect(bench.part('gateway')?.connections).toBe(2) // its silence took none
  })

  it('declares what a broken farm silences, and leaves other streams alone', async () => {
    const both = { ...env, IB_STREAM_TRACKED_CONTRACTS: `${IBM}:IBM:bid_ask,711280073:MNQ:bid_ask` }
    await using bench = await IngestBench.open({ env: both, clock: SESSION })
    await bench.ticks(IBM, 'bid_ask')
    await bench.ticks(711280073, 'bid_ask')
    bench.sim.faults.order({ fault: 'farm', farm: 'usfuture', seconds: 20 })
    const gaps = await waitFor('the gap', async () => {
      const found = await bench.events<Gap & { cid: number }>('gap')
      return found.length > 0 && found
    })
    expect(gaps).toEqual([expect.objectContaining({ cid: 711280073, cause: 'farm_broken', code: 2103 })])
    expect((gaps[0]?.toUs ?? 0) - (gaps[0]?.fromUs ?? 0)).toBeGreaterThan(15_000_000) // of 20 s; by how much later we hear of its beginning is the machine's
  })

  it('flags prices that are off after a farm came back, and has the stream asked for anew, which mends them', async () => {
    await using bench = await IngestBench.open({ env, clock: SESSION })
    await waitFor('some ticks', () => (bench.stream(IBM, 'bid_ask')?.ticks ?? 0) > 100)
    bench.sim.faults.order({ fault: 'farm', farm: 'usfarm', seconds: 10, priceOffset: 445_860_400 })
    await waitFor('it is asked for anew', async () => (await bench.events('subscription')).length > 1)
    await waitFor(
      'the price is right again',
      () => Number((bench.stream(IBM, 'bid_ask')?.last as { bp?: number } | undefined)?.bp ?? 1e9) < 10_000,
    )
    const jumps = await bench.events<{ before: number; price: number; reason: string }>('jump')
    expect(jumps[0]).toMatchObject({ cid: IBM, tt: 'bid_ask', reason: expect.stringContaining('from one tick to the next') })
    expect((jumps[0]?.price ?? 0) - (jumps[0]?.before ?? 0)).toBeGreaterThan(445_860_000)
    expect(await bench.metrics.getSingleMetricAsString('ibs_ingest_jumps_total')).toMatch(/ibs_ingest_jumps_total [1-9]/)
  })
})
