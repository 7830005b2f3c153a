import { createServer } from 'node:net'
import { startGatewaySim } from '@ib-stream/gateway-sim'
import { type RecorderEvent, US_PER_SECOND } from '@ib-stream/model'
import { streamLedgers } from '@ib-stream/tape'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '../../../test/support/free-port.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { RecorderBench, streamsOf } from './support.ts'

const MNQ = { cid: 711280073, symbol: 'MNQ', tickTypes: ['bid_ask', 'last'] } as const
const AAPL = { cid: 265598, symbol: 'AAPL', tickTypes: ['bid_ask', 'last', 'all_last', 'mid_point'] } as const

const ticksOf = (bench: RecorderBench) => bench.recorder.streams.map(({ ticks }) => ticks)

describe('Recorder, against the gateway simulator and a real log', () => {
  it('records all four kinds under their own request ids, st strictly increasing', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ, AAPL], [sim.port])
    await waitFor('every stream has ticks', () => ticksOf(bench).every((ticks) => ticks > 5))
    const log = await bench.log()
    const ticks = log.filter(({ subject }) => subject.startsWith('ticks.')).flatMap(({ lines }) => lines) as {
      st: number
      rid: number
      tt: string
      cid: number
    }[]
    expect(new Set(ticks.map(({ cid, tt }) => `${cid} ${tt}`)).size).toBe(6)
    expect(ticks.find(({ cid, tt }) => cid === 711280073 && tt === 'bid_ask')?.rid).toBe(1248241088)
    const lines = log.filter(({ lines }) => lines.length === 1).flatMap(({ lines }) => lines) as { st: number }[]
    expect(lines.every(({ st }, i) => i === 0 || st > (lines[i - 1]?.st ?? 0))).toBe(true)
  })

  it('comes back after the gateway went, and declares the time away as a gap of each stream', async () => {
    const port = await freePort()
    const first = await startGatewaySim({ port, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ], [port])
    await waitFor('both streams have ticks', () => ticksOf(bench).every((ticks) => ticks > 5))
    await first.close()
    await waitFor('the loss is seen', () => bench.recorder.state !== 'ready')
    const lastSt = Math.max(...bench.recorder.streams.map(({ lastStUs }) => lastStUs ?? 0))
    const counts = ticksOf(bench)
    await using again = await startGatewaySim({ port, rate: 5, lines: 100, repeatSeconds: 0 })
    void again
    await waitFor('both streams go on', () => ticksOf(bench).every((ticks, i) => ticks > (counts[i] ?? 0) + 5))
    const gaps = (await bench.events('gap')) as { tt: string; fromUs: number; toUs: number; cause: string; st: number }[]
    expect(gaps.map(({ tt, cause }) => [tt, cause]).sort()).toEqual([
      ['bid_ask', 'disconnected'],
      ['last', 'disconnected'],
    ])
    for (const { fromUs, toUs } of gaps) expect(fromUs >= lastSt && toUs > fromUs).toBe(true)
    expect((await bench.events('connection')).map(({ state }) => state)).toEqual(['connected', 'disconnected', 'connected'])
  })

  it('regression: a stream that nobody wanted any more while the gateway was away counted as recorded from then on', async () => {
    const port = await freePort()
    const sim = await startGatewaySim({ port, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ, AAPL], [port])
    await waitFor('every stream has ticks', () => ticksOf(bench).every((ticks) => ticks > 0))
    await sim.close()
    await waitFor('the loss is seen', () => bench.recorder.state !== 'ready' && bench.recorder.openGaps.size === 6)
    bench.recorder.desire(streamsOf([MNQ]))
    const events = (await bench.log())
      .filter(({ subject }) => subject.startsWith('ib.events.'))
      .flatMap(({ lines }) => lines) as unknown as RecorderEvent[]
    const nowUs = Math.max(...events.map(({ st }) => st))
    const ledgers = streamLedgers(events, nowUs + 3_600 * US_PER_SECOND)
    for (const { cid, recorded } of ledgers) expect([cid, (recorded.at(-1)?.untilUs ?? 0) > nowUs]).toEqual([cid, cid === MNQ.cid])
    expect(ledgers).toHaveLength(6)
  })

  it('declares the time before its start as a gap when an earlier run had recorded', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ], [sim.port], 1_700_000_000_000_000)
    await waitFor('both streams have ticks', () => ticksOf(bench).every((ticks) => ticks > 2))
    const gaps = await bench.events('gap')
    expect(gaps).toHaveLength(2)
    for (const gap of gaps) expect(gap).toMatchObject({ fromUs: 1_700_000_000_000_000, cause: 'ingest_down' })
  })

  it('has no gap at the very first start', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ], [sim.port])
    await waitFor('both streams have ticks', () => ticksOf(bench).every((ticks) => ticks > 2))
    expect(await bench.events('gap')).toEqual([])
  })

  it('goes on with the others when IB knows no such contract, and says which was refused', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([{ cid: 999_999_999, symbol: 'NONE', tickTypes: ['last'] }, MNQ], [sim.port])
    await waitFor('the known one has ticks', () => bench.recorder.streams.some(({ cid, ticks }) => cid === MNQ.cid && ticks > 2))
    const refused = await waitFor('the refusal', () => bench.recorder.streams.find(({ state }) => state === 'refused'))
    expect(refused).toMatchObject({ cid: 999_999_999 })
    expect(await bench.events('subscription')).toContainEqual(expect.objectContaining({ cid: 999_999_999, state: 'refused' }))
  })

  it('says that the client id is in use, and tries on', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using holder = await RecorderBench.open([MNQ], [sim.port])
    await waitFor('the first has the id', () => holder.recorder.state === 'ready')
    await using second = await RecorderBench.open([MNQ], [sim.port])
    await waitFor('the second is refused', () => second.notes.some((note) => note.kind === 'gateway' && note.code === 326))
    expect(second.recorder.state).toBe('waiting')
  })

  it('tries the next port when one does not answer', async () => {
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    await using bench = await RecorderBench.open([MNQ], [await freePort(), sim.port])
    await waitFor('it records', () => bench.recorder.state === 'ready')
  })

  it('gives up a connection that never gets ready', async () => {
    const mute = createServer()
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as { port: number }
    await using bench = await RecorderBench.open([MNQ], [port])
    await waitFor('the attempt ends', () =>
      bench.notes.some((note) => note.kind === 'gateway' && note.reason.includes('not ready in time')),
    )
    mute.close()
  })
})
