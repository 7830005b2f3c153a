import { connectBus } from '@ib-stream/bus'
import { loadConfig, startService } from '@ib-stream/service'
import { assertSharedLocks } from '@ib-stream/storage'
import type { SegmentCodec } from './codec.ts'
import { registerWriterMetrics } from './metrics.ts'
import { reportWriter } from './report.ts'
import { serveWriter } from './serve-writer.ts'
import { openWriter } from './writer.ts'

/** The whole of a writer service: config, log and health, bus, partitions; returns after SIGTERM, with everything committed. */
export async function runWriter(name: string, codec: SegmentCodec): Promise<void> {
  const config = loadConfig(process.env)
  await using service = await startService(name, config)
  const { stopping } = service
  if (!config.overlayAllowed) await assertSharedLocks(config.dataDir)
  let busState = 'connecting'
  service.report('bus', () => ({ state: busState, ready: busState === 'connected' }))
  await using bus = await connectBus({ ...config.nats, name, signal: stopping })
  busState = bus.state
  bus.onChange((state) => {
    busState = state
    service.log.info({ state }, 'bus changed state')
  })
  const { dataDir, source, checkpointVisibleMs, checkpointDurableMs } = config
  const writer = openWriter({
    codec,
    bus,
    dataDir,
    source,
    checkpointVisibleMs,
    checkpointDurableMs,
    onChange: (change) => service.log.info(change, 'partition changed state'),
    onSealed: (sealed) => service.log.info(sealed, 'sealed'),
    onStaleOwner: (owner, state) =>
      state === 'stale' ? service.log.warn(owner, 'lock held but checkpoint stale') : service.log.info(owner, 'checkpoint moves again'),
  })
  reportWriter(service, writer)
  registerWriterMetrics(service, writer)
  await using micro = serveWriter(name, writer, { codec, bus, source })
  void micro
  await writer.run(stopping)
}
