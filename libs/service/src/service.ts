import { codeOf, IbsError } from '@ib-stream/model'
import { type Logger, pino } from 'pino'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Config } from './config.ts'
import { type Health, type Report, serveHealth } from './health.ts'

/** What every process of ib-stream has: log, metrics, health pages, and the signal to stop. */
export interface Service extends AsyncDisposable {
  readonly name: string
  readonly log: Logger
  readonly metrics: Registry
  /** Aborts on SIGTERM and SIGINT: finish what is at hand, then end. */
  readonly stopping: AbortSignal
  /** Port of the health pages; 0 when another server (query-api's) shows them. */
  readonly healthPort: number
  /** Adds a part to `/health`; the service is ready when every part is. */
  report(part: string, read: () => Report): void
  health(): Health
}

/** The last moment: a close that hangs must not keep a stopped service alive for ever. */
const STOP_WITHIN_MS = 20_000

/**
 * Starts log, metrics, health pages and signal handling.
 * @param options.ownPages the service serves its health pages itself
 * @throws ServiceError `IBS_SERVICE_PORT_TAKEN`
 */
export async function startService(name: string, config: Config, options: { ownPages?: true } = {}): Promise<Service> {
  const log = logger(name, config.logLevel)
  const metrics = new Registry()
  collectDefaultMetrics({ register: metrics })
  const stop = stopOnSignals(log)
  const parts = new Map<string, () => Report>()
  const startedMs = performance.now()
  const health = (): Health => {
    const reports = Object.fromEntries([...parts].map(([part, read]) => [part, read()]))
    const ready = Object.values(reports).every((report) => report.ready)
    const uptimeSeconds = Math.floor((performance.now() - startedMs) / 1_000)
    return { service: name, state: ready ? 'ok' : 'degraded', ready, source: config.source, uptimeSeconds, parts: reports }
  }
  const pages = options.ownPages
    ? undefined
    : await serveHealth({ health, metrics: () => metrics.metrics() }, { host: config.host, port: config.healthPort })
  log.info({ source: config.source, healthPort: pages?.port }, 'started')
  return {
    name,
    log,
    metrics,
    stopping: stop.signal,
    healthPort: pages?.port ?? 0,
    report: (part, read) => void parts.set(part, read),
    health,
    [Symbol.asyncDispose]: async () => {
      await pages?.close()
      stop.release()
      log.info('stopped')
    },
  }
}

const logger = (service: string, level: string): Logger => pino({ level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime })

function stopOnSignals(log: Logger): { signal: AbortSignal; release(): void } {
  const controller = new AbortController()
  let deadline: NodeJS.Timeout | undefined
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) return
    log.info({ signal }, 'stopping')
    deadline = setTimeout(() => {
      log.error({ afterMs: STOP_WITHIN_MS }, 'did not stop in time, leaving')
      process.exit(1)
    }, STOP_WITHIN_MS)
    deadline.unref()
    controller.abort(new ServiceStopped(signal))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const release = () => {
    clearTimeout(deadline)
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
  return { signal: controller.signal, release }
}

/** Reason of `stopping`: asked for by a signal, no failure. */
class ServiceStopped extends Error {
  override readonly name = 'ServiceStopped'

  constructor(signal: string) {
    super(`stopped by ${signal}`)
  }
}

/** Runs a service's main function: an IbsError is said with its facts, anything else with its stack; both end the process with 1. */
export async function runMain(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    if (error instanceof ServiceStopped) return
    const known = error instanceof IbsError
    logger(name, 'info').fatal(
      known ? { code: codeOf(error), facts: error.facts } : { err: error },
      known ? error.message : 'ended by an unexpected error',
    )
    process.exitCode = 1
  }
}
