import { join } from 'node:path'
import { type Bus, connectBus, type KeyValue, openKeyValue, openPublisher, type Publisher, pause } from '@ib-stream/bus'
import { type Clock, type Config, logBytesLimit, openClock, type Service } from '@ib-stream/service'
import { restartWindow } from './connection/restart-window.ts'
import { ContractBook, type KeptContracts } from './contracts/contract-book.ts'
import { openContractDesk } from './contracts/contract-desk.ts'
import { IngestError } from './errors.ts'
import { InvalidSink } from './invalid-sink.ts'
import { registerIngestMetrics } from './metrics.ts'
import { PublisherNews } from './publisher-news.ts'
import { Recorder } from './recorder.ts'
import { RequestGuard } from './subscriptions/request-guard.ts'
import { trackedStreams } from './subscriptions/tracked-streams.ts'

/** The whole of ingest: bus, spool and chain first, and only when the log is ours the gateway. Returns after SIGTERM with everything in the spool. */
export async function runIngest(config: Config, service: Service): Promise<void> {
  if (config.tracked.length === 0) {
    throw new IngestError(
      'IBS_INGEST_NOTHING_TRACKED',
      'no contract is named; set IB_STREAM_TRACKED_CONTRACTS, e.g. "711280073:MNQ:bid_ask;last:24"',
    )
  }
  const { stopping, log } = service
  // Until the gateway's part is there to speak for itself the service is not ready, whatever it waits for.
  service.report('gateway', () => ({ state: 'waiting_for_log', ready: false }))
  let busState = 'connecting'
  service.report('bus', () => ({ state: busState, ready: busState === 'connected' }))
  await using bus = await connectBus({ url: config.natsUrl, name: 'ingest', signal: stopping })
  busState = bus.state
  bus.onChange((state) => {
    busState = state
    log.info({ state }, 'bus changed state')
  })
  using news = new PublisherNews(service, bus)
  await using publisher = await openPublisher({
    bus,
    spoolFolder: join(config.dataDir, '.state', 'spool'),
    source: config.source,
    spoolMaxBytes: config.spoolMaxBytes,
    logMaxBytes: await logBytesLimit(config),
    replicas: config.logReplicas,
    onEvent: (event) => news.hear(event),
  })
  reportPublisher(service, publisher)
  const clock = openClock({ virtual: config.virtualTime, onStep: (byUs) => log.warn({ byUs }, 'the system clock was set') })
  try {
    await meetLog(publisher, stopping)
    await record(config, service, { bus, publisher, clock })
  } finally {
    clock.close()
  }
}

/** A spool that is new hears nothing before it knows that the log is its own. */
async function meetLog(publisher: Publisher, signal: AbortSignal): Promise<void> {
  while (publisher.state === 'connecting') await pause(20, signal)
  if (publisher.state === 'refused')
    throw new IngestError('IBS_INGEST_LOG_REFUSED', 'the log does not take these ticks; the line before tells why and what to do')
}

async function record(
  config: Config,
  service: Service,
  { bus, publisher, clock }: { bus: Bus; publisher: Publisher; clock: Clock },
): Promise<void> {
  const { stopping, log } = service
  const invalid = new InvalidSink(bus)
  const heardUntilUs = newestStOf(publisher)
  if (heardUntilUs !== undefined) clock.startAbove(heardUntilUs)
  let recorder: Recorder | undefined
  const countTick = registerIngestMetrics(service, { publisher, recorder: () => recorder, invalid })
  const { lines, requestGuardMs, restart } = config.gateway
  const inWindow = restartWindow(restart)
  recorder = new Recorder({
    gateway: config.gateway,
    lines,
    requestGuard: new RequestGuard(join(config.dataDir, '.state', 'ingest', 'requests.json'), requestGuardMs),
    inRestartWindow: () => inWindow(clock.nowUs()),
    publisher,
    clock,
    invalid,
    heardUntilUs,
    onNote: (note) => log.info(note, note.kind),
    onTick: countTick,
  })
  recorder.desire(trackedStreams(config.tracked))
  reportRecorder(service, recorder, invalid)
  const desk = openDesk(bus, clock, recorder)
  await recorder.run(stopping)
  desk.close()
  await invalid.close()
  const lost = invalid.overflowed + invalid.waiting
  if (lost > 0) log.warn({ lost, of: invalid.count }, 'frames that were no ticks found no way into the stream INVALID')
}

/** Contract look-ups of other services, by the recorder's own connection. */
function openDesk(bus: Bus, clock: Clock, recorder: Recorder): { close(): void } {
  let bucket: Promise<KeyValue<KeptContracts>> | undefined
  const kept = () => {
    bucket ??= openKeyValue<KeptContracts>(bus, { bucket: 'contracts', parse: (value) => value as KeptContracts }).catch((error) => {
      bucket = undefined
      throw error
    })
    return bucket
  }
  const book = new ContractBook(kept, clock, () => recorder.session)
  return openContractDesk(bus, (query) => book.lookUp(query))
}

function reportPublisher(service: Service, publisher: Publisher): void {
  service.report('publisher', () => {
    const { state, acknowledged, waitingLines, spool } = publisher
    return { state, ready: state === 'sending', spoolEnd: spool.end, acknowledged, waitingLines }
  })
}

function reportRecorder(service: Service, recorder: Recorder, invalid: InvalidSink): void {
  service.report('gateway', () => ({ state: recorder.state, ready: recorder.state === 'ready', connections: recorder.epoch }))
  service.report('streams', () => {
    const { streams } = recorder
    const refused = streams.filter(({ state }) => state === 'refused' || state === 'no_line').length
    const ticks = streams.reduce((sum, stream) => sum + stream.ticks, 0)
    return { state: refused > 0 ? 'refused' : 'asked_for', ready: refused < streams.length, ticks, invalidFrames: invalid.count, streams }
  })
}

/** `st` goes on from what an earlier run left, whatever the clock says now. */
function newestStOf(publisher: Publisher): number | undefined {
  const record = publisher.spool.lastRecord
  if (!record) return undefined
  const stamps = Buffer.from(record.payload)
    .toString('utf8')
    .matchAll(/"st":(\d+)/g)
  return Math.max(...[...stamps].map(([, st]) => Number(st)))
}
