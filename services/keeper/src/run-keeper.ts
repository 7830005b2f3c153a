import { connectBus } from '@ib-stream/bus'
import { type Config, logBytesLimit, type Service } from '@ib-stream/service'
import { assertSharedLocks } from '@ib-stream/storage'
import { ArchiveSchedule } from './archive-schedule.ts'
import { Keeper } from './keeper.ts'
import { becomeKeeper } from './keeper-lock.ts'
import { registerArchiveMetrics, registerKeeperMetrics, registerRetentionMetrics } from './metrics.ts'
import { reportArchive, reportKeeper, reportRetention } from './report.ts'
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
  const archive = archiveScheduleOf(config, service)
  keeper = await Keeper.open({
    bus,
    dataDir,
    backends,
    logMaxBytes: await logBytesLimit(config),
    keepMs: config.logKeepMs,
    everyMs: config.keeperEveryMs,
    webhook: alertWebhookUrl === undefined ? undefined : openWebhook(alertWebhookUrl, { instance, source }),
    otherConditions: () => archive.conditions(),
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
  reportArchive(service, archive)
  registerArchiveMetrics(service, archive)
  await using micro = serveKeeper(keeper, { bus, source })
  void micro
  await Promise.all([keeper.run(stopping), retention.run(stopping), archive.run(stopping)]).catch((error: unknown) => {
    if (!stopping.aborted) throw error
  })
}

/** The archive says what went wrong where that changes, not each time that it is still so. */
function archiveScheduleOf(config: Config, service: Service): ArchiveSchedule {
  const { archive: setting, archiveEveryMs: everyMs } = config
  let said = ''
  return new ArchiveSchedule({
    everyMs,
    open: setting && (async () => (await import('./open-archiver.ts')).openArchiver(setting, config, service)),
    onRun: ({ copiedDays, copiedBytes, failures }) => {
      const words = failures.map(({ message }) => message).join('; ')
      if (words !== said && failures.length > 0)
        service.log.warn({ failures }, 'archive: days cannot be copied, tried again with the next run')
      else if (words !== said) service.log.info('archive: days are copied again')
      said = words
      if (copiedDays > 0) service.log.info({ copiedDays, copiedBytes }, 'archive: days were copied')
    },
  })
}
