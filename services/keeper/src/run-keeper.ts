import { connectBus } from '@ib-stream/bus'
import { type Config, logBytesLimit, type Service } from '@ib-stream/service'
import { assertSharedLocks } from '@ib-stream/storage'
import { Keeper } from './keeper.ts'
import { becomeKeeper } from './keeper-lock.ts'
import { registerKeeperMetrics } from './metrics.ts'
import { reportKeeper } from './report.ts'
import { serveKeeper } from './serve-keeper.ts'
import { openWebhook } from './webhook.ts'

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
  await using bus = await connectBus({ url: config.natsUrl, name: 'keeper', signal: stopping })
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
  await using micro = serveKeeper(keeper, { bus, source })
  void micro
  await keeper.run(stopping).catch((error: unknown) => {
    if (!stopping.aborted) throw error
  })
}
