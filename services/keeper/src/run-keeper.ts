import { connectBus } from '@ib-stream/bus'
import { type Config, logBytesLimit, type Service } from '@ib-stream/service'
import { assertSharedLocks } from '@ib-stream/storage'
import { Keeper } from './keeper.ts'
import { becomeKeeper } from './keeper-lock.ts'
import { registerKeeperMetrics, registerRetentionMetrics } from './metrics.ts'
import { reportKeeper, reportRetention } from './report.ts'
import { RetentionSchedule } from './retention-schedule.ts'
import { serveKeeper } from './serve-keeper.ts'
import { openWebhook } from './webhook.ts'

const RETENTION_EVERY_MS = 3_600_000

/** The whole of the keeper: waits to be the only one, then looks until SIGTERM. */
export async function runKeeper(config: Config, service: Service): Promise<void> {
  const { stopping, log } = service
  const { dataDir, backends, instance, source, alertWebhookUrl } = config
  if (!config.overlayAllowed) await assertSharedLocks(dataDir)
  let busState = 'connecting'
  service.report('bus', () => ({ state: busState, ready: busState === 'connected' }))
  let keeper: Keeper | undefined
  reportKeeper(service, () => keeper)
  registerKeeperMetrics(service, () => keeper)
  await using lock = await becomeKeeper(dataDir, stopping)
  void lock
  await using bus = await connectBus({ ...config.nats, name: 'keeper', signal: stopping })
  busState = bus.state
  bus.onChange((state) => {
    busState = state
    log.info({ state }, 'bus changed state')
  })
  keeper = await Keeper.open({
    bus,
    dataDir,
    backends,
    logMaxBytes: await logBytesLimit(config),
    keepMs: config.logKeepMs,
    everyMs: config.keeperEveryMs,
    webhook: alertWebhookUrl === undefined ? undefined : openWebhook(alertWebhookUrl, { instance, source }),
    onAlert: ({ alert, state, summary }) => (state === 'firing' ? log.warn({ alert }, summary) : log.info({ alert }, `over: ${summary}`)),
    onTrouble: (what, error) => log.warn({ what, err: error }, 'tried again with the next look'),
  })
  const retention = new RetentionSchedule({
    bus,
    keep: config.retention,
    backends,
    everyMs: RETENTION_EVERY_MS,
    onRun: ({ removed, stayedHours, failed }) => {
      if (failed.length > 0) log.warn({ removed, stayedHours, failed }, 'retention could not work everywhere')
      else if (removed.files > 0) log.info({ removed, stayedHours }, 'retention took files away')
    },
  })
  reportRetention(service, retention)
  registerRetentionMetrics(service, retention)
  await using micro = serveKeeper(keeper, { bus, source })
  void micro
  await Promise.all([keeper.run(stopping), retention.run(stopping)]).catch((error: unknown) => {
    if (!stopping.aborted) throw error
  })
}
