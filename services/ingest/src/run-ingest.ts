import { join } from 'node:path'
import { connectBus, openPublisher, type Publisher, pause, serveTrim } from '@ib-stream/bus'
import { type Config, logBytesLimit, openClock, type Service } from '@ib-stream/service'
import { ClockSteps } from './clock-watch/clock-steps.ts'
import { IngestError } from './errors.ts'
import { PublisherNews } from './publisher-news.ts'
import { runRecording } from './recording.ts'

/** The whole of ingest: bus, spool and chain first, and only when the log is ours the gateway. Returns after SIGTERM with everything in the spool. */
export async function runIngest(config: Config, service: Service): Promise<void> {
  const { stopping, log } = service
  if (config.tracked.length === 0)
    log.warn('IB_STREAM_TRACKED_CONTRACTS names no contract: only what is tracked or asked for over the bus is recorded')
  // Until the gateway's part is there to speak for itself the service is not ready, whatever it waits for.
  service.report('gateway', () => ({ state: 'waiting_for_log', ready: false }))
  let busState = 'connecting'
  service.report('bus', () => ({ state: busState, ready: busState === 'connected' }))
  await using bus = await connectBus({ ...config.nats, name: 'ingest', signal: stopping })
  busState = bus.state
  bus.onChange((state) => {
    busState = state
    log.info({ state }, 'bus changed state')
  })
  using news = new PublisherNews(service, bus)
  let foreignMet = 0
  await using publisher = await openPublisher({
    bus,
    spoolFolder: join(config.dataDir, '.state', 'spool'),
    source: config.source,
    spoolMaxBytes: config.spoolMaxBytes,
    logMaxBytes: await logBytesLimit(config),
    replicas: config.logReplicas,
    logSyncIntervalMs: config.logSyncMs,
    onEvent: (event) => {
      if (event.kind === 'foreign' || event.kind === 'displaced') foreignMet += 1
      news.hear(event)
    },
  })
  using trimming = serveTrim(bus, publisher, (error) => log.error({ code: error.code }, error.message))
  void trimming
  reportPublisher(service, publisher)
  const steps = new ClockSteps()
  const clock = openClock({ virtual: config.virtualTime, onStep: (byUs) => steps.happened(byUs) })
  try {
    await meetLog(publisher, stopping)
    await runRecording(config, service, { bus, publisher, foreignMet: () => foreignMet, clock, steps })
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

function reportPublisher(service: Service, publisher: Publisher): void {
  service.report('publisher', () => {
    const { state, acknowledged, waitingLines, spool } = publisher
    return { state, ready: state === 'sending', spoolEnd: spool.end, acknowledged, waitingLines }
  })
}
