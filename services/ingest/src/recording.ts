import { join } from 'node:path'
import { type Bus, type KeyValue, openKeyValue, type Publisher } from '@ib-stream/bus'
import type { Clock, Config, Service } from '@ib-stream/service'
import { openBackfill } from './backfill/run-backfill.ts'
import { openCapture } from './capture/open-capture.ts'
import type { ClockSteps } from './clock-watch/clock-steps.ts'
import { watchClock } from './clock-watch/watch-clock.ts'
import { restartWindow } from './connection/restart-window.ts'
import { takesRequests } from './connection/transitions.ts'
import { ContractBook, type KeptContracts } from './contracts/contract-book.ts'
import { openContractDesk } from './contracts/contract-desk.ts'
import { NameBook } from './contracts/name-book.ts'
import { lastInSpool, lastLiveTicks } from './gaps/last-live-ticks.ts'
import { missedAtStart, namedById } from './gaps/missed-at-start.ts'
import { InvalidSink } from './invalid-sink.ts'
import { registerIngestMetrics } from './metrics.ts'
import { Recorder } from './recorder.ts'
import { serveIngest } from './serve-ingest.ts'
import { StateFile } from './state-file.ts'
import { StreamMemory } from './stream-memory.ts'
import { Desires } from './subscriptions/desires.ts'
import { openLeaseDesk } from './subscriptions/lease-desk.ts'
import { Leases } from './subscriptions/leases.ts'
import { RequestGuard } from './subscriptions/request-guard.ts'
import { TrackedList } from './subscriptions/tracked-list.ts'
import { Watches } from './watches.ts'

/** What the log's part of ingest gives to the gateway's part. */
export interface LogParts {
  bus: Bus
  publisher: Publisher
  /** How often since the start the publisher met messages of somebody else in the log. */
  foreignMet: () => number
  clock: Clock
  steps: ClockSteps
}

/** The gateway's part of ingest: records what is tracked and what is asked for, until the service stops. */
export async function runRecording(
  config: Config,
  service: Service,
  { bus, publisher, foreignMet, clock, steps }: LogParts,
): Promise<void> {
  const { stopping, log } = service
  const stateFile = (name: string) => new StateFile(join(config.dataDir, '.state', 'ingest', name))
  const invalid = new InvalidSink(bus)
  const { lastRecord, lastTicks } = publisher.spool
  const newestStUs = lastRecord && newestStOf(lastRecord)
  if (newestStUs !== undefined) clock.startAbove(newestStUs) // `st` goes on from what an earlier run left, whatever the clock says now
  // What an earlier run said of itself, or of a stream that it took to be quiet, shows not that it heard the gateway then; only where it left no tick at all it is all there is.
  const heardUntilUs = lastTicks ? newestStOf(lastTicks) : newestStUs
  const memory = new StreamMemory(stateFile('streams.json'), () => publisher.spooled())
  const before = memory.isWhole ? memory.before : [...memory.before, ...namedById(config.tracked)]
  const isKnown = memory.isWhole && heardUntilUs !== undefined
  const lastTickUs = isKnown ? undefined : await ticksLeft(service, { bus, publisher }, heardUntilUs)
  let isAtStart = true
  let recorder: Recorder | undefined
  const metrics = registerIngestMetrics(service, { publisher, recorder: () => recorder, invalid })
  const { lines, requestGuardMs, restart } = config.gateway
  const inWindow = restartWindow(restart)
  const clockWatch = watchClock(service, { clock, steps, recorder: () => recorder })
  const backfill = openBackfill({
    config,
    service,
    bus,
    publisher,
    clock,
    invalid,
    recorder: () => recorder,
    offsetUs: () => clockWatch.offsetUs,
    askedFile: stateFile('asked.json'),
  })
  const capture = openCapture(config, service, clock)
  recorder = new Recorder({
    tap: capture,
    gateway: config.gateway,
    lines,
    requestGuard: new RequestGuard(stateFile('requests.json'), requestGuardMs, clock),
    inRestartWindow: () => inWindow(clock.nowUs()),
    publisher,
    clock,
    invalid,
    missedAtStart: (stream) => missedAtStart(stream, { before, heardUntilUs, lastTickUs }, isAtStart),
    remember: (streams) => memory.keep(streams),
    onNote: (note) => {
      log[note.kind === 'reading' && note.state === 'held' ? 'warn' : 'info'](note, note.kind)
      metrics.note(note)
      watches.note(note)
      backfill.hear(note)
      if (note.kind === 'gateway' && takesRequests(note.to) && !takesRequests(note.from)) names.retry()
    },
    onTick: (tick, readSteadyUs) => {
      metrics.tick(tick.tt)
      watches.heard(tick, readSteadyUs)
      clockWatch.hearTick(tick)
    },
    onTime: (answer) => clockWatch.hearTime(answer),
  })
  const book = new ContractBook(keptContracts(bus), clock, () => recorder.session)
  const names = new NameBook({
    clock,
    roll: config.roll,
    file: stateFile('names.json'),
    lookUp: (query) => book.lookUp(query),
    onChange: () => desires.apply(),
    onTrouble: () => {
      for (const trouble of names.troubles) log.warn(trouble, 'contract')
    },
    onRoll: (roll) => {
      log.info(roll, 'roll')
      recorder.announce({ kind: 'roll', ...roll })
    },
  })
  const leases = new Leases({ clock, file: stateFile('leases.json'), onChange: () => desires.apply() })
  const desires = new Desires({ names, leases, before, onChange: (streams) => recorder.desire(streams) })
  const watches = new Watches(service, {
    bus,
    clock,
    recorder,
    names,
    lookUp: (query) => book.lookUp(query),
    paces: stateFile('paces.json'),
  })
  reportRecorder(service, { recorder, invalid, watches })
  // What an earlier run recorded has a hole from then on, whatever becomes of it now.
  desires.apply()
  isAtStart = false
  const tracked = new TrackedList({
    bus,
    clock,
    seeds: config.tracked,
    onChange: (contracts) => desires.track(contracts),
    onUnread: (seeds) => desires.presume(seeds),
  })
  const tracking = tracked.run(stopping)
  const desks = [
    openContractDesk(bus, { lookUp: (query) => book.lookUp(query), resolve: (name) => names.resolve(name) }),
    openLeaseDesk(bus, { leases, recorder, clock }),
  ]
  const healthNow = () => ({
    ...watches.health,
    clock: clockWatch.health,
    invalidFrames: invalid.count,
    publisher: { state: publisher.state, foreignMet: foreignMet() },
  })
  await using micro = serveIngest(healthNow, { bus, source: config.source })
  log.info({ microService: micro.id }, 'recording')
  const filling = backfill.run(stopping)
  await recorder.run(stopping)
  await filling
  for (const part of [...desks, watches, names, leases, clockWatch]) part.close()
  await capture?.close()
  await tracking
  await invalid.close()
  const lost = invalid.overflowed + invalid.waiting
  if (lost > 0) log.warn({ lost, of: invalid.count }, 'frames that were no ticks found no way into the stream INVALID')
}

/** A log that does not answer must not keep the gateway from being heard: then every stream may have been recorded. */
async function ticksLeft(
  { log }: Service,
  { bus, publisher: { spool } }: Pick<LogParts, 'bus' | 'publisher'>,
  heardUntilUs: number | undefined,
): Promise<(rid: number) => number | undefined> {
  try {
    const lastUs = await lastLiveTicks({ bus, spool })
    if (lastUs.size > 0) log.warn({ streams: lastUs.size }, `${LEFT_NO_WORD} since its last tick in spool and log`)
    return (rid) => lastUs.get(rid)
  } catch (error) {
    log.warn({ err: error }, `${LEFT_NO_WORD} since its last tick in the spool, or the last of all`)
    const lastUs = await lastInSpool(spool)
    return (rid) => lastUs.get(rid) ?? heardUntilUs
  }
}

const LEFT_NO_WORD = 'no earlier run left word of its streams that can be read: each that is recorded now is taken to be missing'

function keptContracts(bus: Bus): () => Promise<KeyValue<KeptContracts>> {
  let bucket: Promise<KeyValue<KeptContracts>> | undefined
  return () => {
    bucket ??= openKeyValue<KeptContracts>(bus, { bucket: 'contracts', parse: (value) => value as KeptContracts }).catch((error) => {
      bucket = undefined
      throw error
    })
    return bucket
  }
}

function reportRecorder(
  service: Service,
  { recorder, invalid, watches }: { recorder: Recorder; invalid: InvalidSink; watches: Watches },
): void {
  service.report('gateway', () => {
    const { state, reason, epoch, isHeld } = recorder
    return { state, ready: state === 'ready' && !isHeld, reason, connections: epoch, reading: isHeld ? 'held' : 'going_on' }
  })
  service.report('streams', () => {
    const { streams } = recorder
    const { health, troubles, streams: judged } = watches.health
    const refused = streams.filter(({ state }) => state === 'refused' || state === 'no_line').length
    const ticks = streams.reduce((sum, stream) => sum + stream.ticks, 0)
    return {
      state: refused > 0 ? 'refused' : 'asked_for',
      ready: refused === 0 || refused < streams.length,
      health,
      ticks,
      invalidFrames: invalid.count,
      ...(troubles.length > 0 && { troubles }),
      streams: streams.map((stream, i) => ({ ...stream, ...judged[i] })),
    }
  })
}

function newestStOf({ payload }: { payload: Uint8Array }): number {
  const stamps = Buffer.from(payload)
    .toString('utf8')
    .matchAll(/"st":(\d+)/g)
  return Math.max(...[...stamps].map(([, st]) => Number(st)))
}
