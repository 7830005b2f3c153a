import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { askServices, BatchMerger, type Bus, connectBus, openLogReader, openPublisher, readLog, tickSubject } from '@ib-stream/bus'
import { startGatewaySim } from '@ib-stream/gateway-sim'
import { eventSubject, type RecordingHealth } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { canMount } from '../../../libs/writer/test/support.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { nodeProgram, type TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'

const ingest = (env: Record<string, string>): TestProgram =>
  nodeProgram('ingest', 'services/ingest/src/main.ts', { IB_HOST: '', HEALTH_PORT: '0', ...env }).start()

/** Waits for the health pages, and asks them. */
async function health(program: TestProgram): Promise<{ status: number; parts: Record<string, { state: string; ready: boolean }> }> {
  const { healthPort } = await program.logged('its pages', ({ msg }) => msg === 'started')
  const answer = await fetch(`http://127.0.0.1:${healthPort}/health`)
  return { ...((await answer.json()) as { parts: Record<string, { state: string; ready: boolean }> }), status: answer.status }
}

/** What ingest says of itself over the bus. */
async function statsOf(bus: Bus): Promise<RecordingHealth | undefined> {
  const [ingest] = await askServices(bus, 'ingest')
  return ingest?.data as RecordingHealth | undefined
}

const timed = async (work: Promise<number | null>) => {
  const startedMs = performance.now()
  return { code: await work, ms: performance.now() - startedMs }
}

describe('ingest, as a process', () => {
  it('ends at once on SIGTERM while NATS is not there, and was never ready', async () => {
    await using nats = await NatsServer.start()
    await using program = ingest({ NATS_URL: `nats://127.0.0.1:${await freePort()}`, DATA_DIR: nats.folder })
    expect(await health(program)).toMatchObject({ status: 503, parts: { bus: { ready: false }, gateway: { ready: false } } })
    const { code, ms } = await timed(program.stop())
    expect([code, ms < 3_000]).toEqual([0, true])
  })

  it('regression: is not ready while the log cannot be made, and ends at once on SIGTERM', async () => {
    await using nats = await NatsServer.start()
    const env = { NATS_URL: nats.url, DATA_DIR: nats.folder, IB_STREAM_LOG_MAX_BYTES: String(2 ** 50) } // more than any server grants
    await using program = ingest(env)
    await program.logged('why', ({ reason }) => String(reason).includes('insufficient storage'))
    const { status, parts } = await health(program)
    expect([status, parts.bus?.ready, parts.publisher?.ready, parts.gateway?.ready]).toEqual([503, true, false, false])
    const { code, ms } = await timed(program.stop())
    expect([code, ms < 3_000]).toEqual([0, true])
  })

  it('ends at once on SIGTERM while the gateway keeps it waiting', async () => {
    await using nats = await NatsServer.start()
    const mute = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const { port } = mute.address() as AddressInfo
    await using program = ingest({ NATS_URL: nats.url, DATA_DIR: nats.folder, SIM_PORT: String(port) })
    await new Promise((resolve) => mute.once('connection', resolve))
    const { code, ms } = await timed(program.stop())
    expect([code, ms < 3_000]).toEqual([0, true])
    mute.close()
  })

  it('spools on while NATS is away, ends on SIGTERM all the same, and brings everything to the log later', async () => {
    await using nats = await NatsServer.start()
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    const env = { NATS_URL: nats.url, DATA_DIR: nats.folder, SIM_PORT: String(sim.port) }
    const spoolEnd = async (program: TestProgram) => Number((await health(program)).parts.publisher?.['spoolEnd' as 'state'] ?? 0)
    await using program = ingest(env)
    await waitFor('it records', async () => (await spoolEnd(program)) > 20)
    await nats.program.kill()
    const before = await spoolEnd(program)
    await waitFor('it spools on', async () => (await spoolEnd(program)) > before + 20)
    const { code, ms } = await timed(program.stop())
    expect([code, ms < 10_000]).toEqual([0, true])
    nats.program.start()
    await using again = ingest(env)
    await waitFor('the log has it', async () => (await health(again)).parts.publisher?.state === 'sending')
  }, 60_000)

  it('stamps above all that an earlier run left in the spool, though the clock was set back by an hour meanwhile', async () => {
    await using nats = await NatsServer.start()
    await using sim = await startGatewaySim({ port: 0, rate: 20, lines: 100, repeatSeconds: 0 })
    const env = { NATS_URL: nats.url, DATA_DIR: nats.folder, SIM_PORT: String(sim.port), IB_STREAM_REQUEST_GUARD_MS: '0' }
    const spoolEnd = async (program: TestProgram) => Number((await health(program)).parts.publisher?.['spoolEnd' as 'state'] ?? 0)
    await using first = ingest(env)
    await waitFor('it records', async () => (await spoolEnd(first)) > 20)
    await first.kill()
    await using again = ingest({ ...env, CLOCK_START: new Date(Date.now() - 3_600_000).toISOString(), CLOCK_RATE: '1' })
    const partsOf = async () =>
      (await health(again)).parts as unknown as Record<string, { ticks: number; spoolEnd: number; acknowledged: number }>
    const end = await waitFor('it records again', async () => {
      const { streams, publisher } = await partsOf()
      return (streams?.ticks ?? 0) > 40 && publisher?.spoolEnd
    })
    await waitFor('the log has that', async () => ((await partsOf()).publisher?.acknowledged ?? 0) >= end)
    const all = await stampsOfTicks(nats.url)
    expect(all.length).toBeGreaterThan(60)
    expect(all.filter((st, i) => i > 0 && st <= (all[i - 1] ?? 0))).toEqual([])
  }, 60_000)

  it('regression: declares what is missing from the last tick on, though a killed run still spoke of itself while the gateway was silent', async () => {
    await using nats = await NatsServer.start()
    await using sim = await startGatewaySim({ port: 0, rate: 20, lines: 100, repeatSeconds: 0 })
    await using bus = await connectBus({ url: nats.url, name: 'test' })
    const [tickUs, eventUs] = [60, 50].map((secondsAgo) => (Date.now() - secondsAgo * 1_000) * 1_000)
    {
      await using before = await openPublisher({
        bus,
        spoolFolder: join(nats.folder, '.state', 'spool'),
        source: 'simulator',
        logMaxBytes: 2 ** 28,
      })
      before.add({ subject: tickSubject(265598, 'last'), line: `{"ts":${tickUs},"st":${tickUs},"cid":265598,"tt":"last","p":1,"s":1}` })
      before.add({ subject: eventSubject('clock'), line: `{"kind":"clock","st":${eventUs},"epoch":1}`, event: true })
      await before.settled()
    }
    const env = { NATS_URL: nats.url, DATA_DIR: nats.folder, SIM_PORT: String(sim.port), IB_STREAM_BACKFILL: '0s' }
    await using program = ingest({ ...env, IB_STREAM_TRACKED_CONTRACTS: '265598:AAPL:last:24' })
    const gap = await program.logged('the gap', ({ kind, cause }) => kind === 'gap' && cause === 'ingest_down')
    expect(gap).toMatchObject({ cid: 265598, tt: 'last', fromUs: tickUs })
  }, 60_000)

  it('regression: after a torn streams.json what is tracked by a name had no gap since its last tick', async () => {
    await using nats = await NatsServer.start()
    await using sim = await startGatewaySim({ port: 0, rate: 20, lines: 100, repeatSeconds: 0 })
    await using bus = await connectBus({ url: nats.url, name: 'test' })
    const [tradeUs, quoteUs] = [60, 50].map((secondsAgo) => (Date.now() - secondsAgo * 1_000) * 1_000)
    {
      await using before = await openPublisher({
        bus,
        spoolFolder: join(nats.folder, '.state', 'spool'),
        source: 'simulator',
        logMaxBytes: 2 ** 28,
      })
      before.add({ subject: tickSubject(265598, 'last'), line: `{"ts":${tradeUs},"st":${tradeUs},"cid":265598,"tt":"last","p":1,"s":1}` })
      before.add({ subject: tickSubject(265598, 'bid_ask'), line: `{"ts":${quoteUs},"st":${quoteUs},"cid":265598,"tt":"bid_ask","bp":1}` })
      await before.settled()
    }
    const state = join(nats.folder, '.state', 'ingest')
    mkdirSync(state, { recursive: true })
    writeFileSync(join(state, 'streams.json'), '[{"cid":265598,"tt":"la')
    const env = { NATS_URL: nats.url, DATA_DIR: nats.folder, SIM_PORT: String(sim.port), IB_STREAM_BACKFILL: '0s' }
    await using program = ingest({ ...env, IB_STREAM_TRACKED_CONTRACTS: 'AAPL:last;bid_ask' })
    for (const [tt, fromUs] of [
      ['last', tradeUs],
      ['bid_ask', quoteUs],
    ])
      await program.logged(
        'its gap',
        ({ kind, cause, ...gap }) => kind === 'gap' && cause === 'ingest_down' && gap.tt === tt && gap.fromUs === fromUs,
      )
  }, 60_000)

  it('refuses by name a spool that another ingest works on, and a log that belongs to another spool; the first goes on', async () => {
    await using nats = await NatsServer.start()
    await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0 })
    const env = { NATS_URL: nats.url, DATA_DIR: join(nats.folder, 'first'), SIM_PORT: String(sim.port) }
    await using first = ingest(env)
    const acknowledged = async () => Number((await health(first)).parts.publisher?.['acknowledged' as 'state'] ?? 0)
    await waitFor('it records', async () => (await acknowledged()) > 20)
    await using onSpool = ingest(env)
    expect(await onSpool.exited).not.toBe(0)
    expect(onSpool.output).toMatch(/IBS_BUS_SPOOL_LOCKED.*another ingest works on .*stop it, or give this one its own DATA_DIR/)
    await using onLog = ingest({ ...env, DATA_DIR: join(nats.folder, 'second') })
    expect(await onLog.exited).not.toBe(0)
    expect(onLog.output).toMatch(/the log belongs to spool .*stop the other ingest/)
    expect(onLog.output).toMatch(/IBS_INGEST_LOG_REFUSED/)
    const before = await acknowledged()
    await waitFor('the first goes on', async () => (await acknowledged()) > before + 20)
    const stamps = await stampsOfTicks(nats.url)
    expect(stamps.filter((st, i) => i > 0 && st <= (stamps[i - 1] ?? 0))).toEqual([])
    await using bus = await connectBus({ url: nats.url, name: 'test' })
    expect(await statsOf(bus)).toMatchObject({ publisher: { foreignMet: 0 } })
    await bus.jetstream.publish('ticks.1.last', '{"foreign":true}\n')
    await waitFor('it tells of the foreign message', async () => ((await statsOf(bus))?.publisher?.foreignMet ?? 0) > 0)
  }, 60_000)

  if (canMount) {
    it('is not ready while the disk of its spool is full, says so to log, metrics and EVENTS, and loses nothing when there is room', async () => {
      await using nats = await NatsServer.start()
      const truth = join(nats.folder, 'truth.jsonl')
      await using sim = await startGatewaySim({ port: 0, rate: 5, lines: 100, repeatSeconds: 0, truth })
      const dataDir = join(nats.folder, 'data')
      mkdirSync(dataDir)
      const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dataDir])
      mount('size=4m') // a segment of the spool takes more
      try {
        await using program = ingest({ NATS_URL: nats.url, DATA_DIR: dataDir, SIM_PORT: String(sim.port) })
        const publisher = async () => (await health(program)).parts.publisher
        const full = await waitFor('it says so', async () => {
          const page = await health(program)
          return page.parts.publisher?.state === 'spool_failed' && page
        })
        expect([full.status, full.parts.publisher?.ready]).toEqual([503, false])
        await program.logged('why', ({ reason }) => String(reason).includes('ENOSPC'))
        const { healthPort } = await program.logged('its pages', ({ msg }) => msg === 'started')
        const metrics = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text()
        expect(metrics).toMatch(/^ibs_ingest_publisher_events_total\{[^}]*what="spool_failed"[^}]*\} [1-9]/m)
        await using bus = await connectBus({ url: nats.url, name: 'test' })
        const request = { seq: 1, next_by_subj: 'ib.ops.publisher' }
        const event = await waitFor('the event', () => bus.manager.streams.getMessage('EVENTS', request).catch(() => undefined))
        expect(event?.json()).toMatchObject({ kind: 'publisher', service: 'ingest', what: 'spool_failed' })
        expect(await statsOf(bus)).toMatchObject({ publisher: { state: 'spool_failed', foreignMet: 0 } }) // which the keeper asks for
        const sent = () => readFileSync(truth, 'utf8').split('\n').length - 1
        const then = sent()
        await waitFor('the gateway goes on', () => sent() > then + 20)
        expect(await publisher()).toMatchObject({ state: 'spool_failed', acknowledged: 0 })
        mount('remount,size=64m')
        await waitFor('it sends', async () => (await publisher())?.state === 'sending', 30_000)
        await sim.close()
        await waitFor('the log has every tick that the gateway sent', async () => (await stampsOfTicks(nats.url)).length === sent(), 30_000)
        const stamps = await stampsOfTicks(nats.url)
        expect(stamps.filter((st, i) => i > 0 && st <= (stamps[i - 1] ?? 0))).toEqual([])
        expect(await program.stop()).toBe(0)
      } finally {
        execFileSync('umount', ['--lazy', dataDir])
      }
    }, 90_000)
  }
})

/** `st` of every tick in the log, in the order of arrival. */
async function stampsOfTicks(url: string): Promise<number[]> {
  await using bus = await connectBus({ url, name: 'test' })
  const log = await readLog(bus.manager)
  const stamps: number[] = []
  if (!log || log.lastSeq < log.firstSeq) return stamps
  const signal = AbortSignal.timeout(20_000)
  const merger = new BatchMerger()
  for await (const messages of openLogReader({ bus, filter: '>', fromSeq: 1, signal }).batches()) {
    const lines = messages.flatMap((message) => merger.push(message))
    stamps.push(...lines.filter(({ subject }) => subject.startsWith('ticks.')).map(({ st }) => st))
    if ((messages.at(-1)?.seq ?? 0) >= log.lastSeq) return stamps
  }
  return stamps
}
