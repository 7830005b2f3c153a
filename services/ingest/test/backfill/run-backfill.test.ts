import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectBus, openLogReader, readLog, requestBackfill } from '@ib-stream/bus'
import { type BackfillEvent, type BackfillReply, hash31, type TickMessage, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '../../../../test/support/free-port.ts'
import { NatsServer } from '../../../../test/support/nats-server.ts'
import { nodeProgram } from '../../../../test/support/program.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'

const MNQ = 711280073
/** Ten seconds of the market, of ingest and of IB's pacing pass in one. */
const RATE = 10

/** nats-server, simulator and ingest as processes on one virtual clock. */
class Station implements AsyncDisposable {
  readonly nats: NatsServer
  readonly sim
  readonly ingest
  readonly #controlUrl: string

  static async start(tracked: string, simulator: readonly string[] = []): Promise<Station> {
    const nats = await NatsServer.start()
    const [simPort, controlPort] = [await freePort(), await freePort()]
    return new Station(nats, { tracked, simulator, simPort, controlPort, dataDir: await mkdtemp(join(tmpdir(), 'ibs-backfill-')) })
  }

  readonly dataDir: string

  constructor(
    nats: NatsServer,
    options: { tracked: string; simulator: readonly string[]; simPort: number; controlPort: number; dataDir: string },
  ) {
    const { tracked, simulator, simPort, controlPort, dataDir } = options
    const clock = { CLOCK_START: `2025-07-30T15:00:00Z@${Date.now()}`, CLOCK_RATE: String(RATE) }
    this.nats = nats
    this.dataDir = dataDir
    this.#controlUrl = `http://127.0.0.1:${controlPort}`
    const flags = [
      '--port',
      String(simPort),
      '--control',
      String(controlPort),
      '--bursts',
      '0',
      '--repeat-seconds',
      '0',
      '--messages-per-second',
      '0',
    ]
    this.sim = nodeProgram('gateway-sim', 'libs/gateway-sim/src/main.ts', clock, [...flags, ...simulator]).start()
    this.ingest = nodeProgram('ingest', 'services/ingest/src/main.ts', {
      ...clock,
      IB_HOST: '',
      SIM_PORT: String(simPort),
      NATS_URL: nats.url,
      DATA_DIR: dataDir,
      HEALTH_PORT: '0',
      IB_STREAM_TRACKED_CONTRACTS: tracked,
      IB_STREAM_REQUEST_GUARD_MS: '0',
    }).start()
  }

  /** All lines of the log now. */
  async log(): Promise<{ ticks: TickMessage[]; fills: BackfillEvent[]; pages: number }> {
    await using bus = await connectBus({ url: this.nats.url, name: 'test' })
    const log = await readLog(bus.manager)
    const found = { ticks: [] as TickMessage[], fills: [] as BackfillEvent[], pages: 0 }
    if (!log || log.lastSeq === 0) return found
    const reader = openLogReader({ bus, filter: '>', fromSeq: 1, signal: AbortSignal.timeout(20_000) })
    for await (const batch of reader.batches()) {
      for (const { payload } of batch) {
        for (const line of Buffer.from(payload).toString('utf8').trimEnd().split('\n')) {
          const entry = JSON.parse(line)
          if (entry.tt !== undefined && entry.kind === undefined) found.ticks.push(entry)
          else if (entry.kind === 'backfill') found.fills.push(entry)
          else if (entry.kind === 'backfill_page') found.pages += 1
        }
      }
      if ((batch.at(-1)?.seq ?? 0) >= log.lastSeq) break
    }
    return found
  }

  /** What the market really had. */
  async truth(tt: TickType, fromSecond: number, toSecond: number): Promise<string[]> {
    const range = `start=${fromSecond * US_PER_SECOND}&end=${(toSecond + 1) * US_PER_SECOND}`
    const text = await (await fetch(`${this.#controlUrl}/tape?cid=${MNQ}&tt=${tt}&${range}`)).text()
    return text
      .trimEnd()
      .split('\n')
      .map((line) => keyOf(JSON.parse(line)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ingest[Symbol.asyncDispose]()
    await this.sim[Symbol.asyncDispose]()
    await this.nats[Symbol.asyncDispose]()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}

/** All of a tick but our stamp, and whether it came live. */
function keyOf({ st: _st, rid: _rid, bf: _bf, ...rest }: TickMessage & Record<string, unknown>): string {
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
}

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
      await waitFor('it fills', async () => (await station.log()).pages >= pages, 40_000)
      await ingest.kill()
    }
    ingest.output = ''
    ingest.start()
    await ingest.logged('that it records', ({ msg, to }) => msg === 'gateway' && to === 'ready')
    const gaps = () => ingest.log.filter(({ msg }) => msg === 'gap').length
    const filled = () => ingest.log.filter(({ msg, state }) => msg === 'backfill' && state === 'filled').length
    await waitFor('all gaps are filled', async () => gaps() > 0 && filled() >= gaps() && !(await isFilling(station)), 100_000)
    await ingest.stop()
    const { ticks, fills } = await station.log()
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

async function isFilling({ ingest }: Station): Promise<boolean> {
  const { healthPort } = await ingest.logged('its pages', ({ msg }) => msg === 'started')
  const { parts } = (await (await fetch(`http://127.0.0.1:${healthPort}/health`)).json()) as { parts: { backfill?: { jobs: number } } }
  return (parts.backfill?.jobs ?? 1) > 0
}
