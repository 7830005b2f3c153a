import { once } from 'node:events'
import { loadConfig, openClock, runMain, startService } from '@ib-stream/service'
import { openContractDirectory } from './contracts/contract-directory.ts'
import { filesReport } from './files-report.ts'
import { listen } from './listen.ts'
import { registerQueryMetrics } from './metrics.ts'
import { openKeyFile } from './safety/key-file.ts'
import { assertProtected } from './safety/must-be-protected.ts'
import { buildServer } from './server.ts'
import { openLiveSource } from './stream/live-source.ts'
import { openStreamLeases } from './stream/stream-leases.ts'

/** Answers from files under way of one caller and in all; clients with streams in all. */
const LIMITS = { heavy: 16, heavyInAll: 64, most: 5_000 }
const KEEP_ALIVE_MS = 15_000
const PING_EVERY_MS = 30_000
const DRAIN_WITHIN_MS = 60_000

await runMain('query-api', async () => {
  const config = loadConfig(process.env)
  await using service = await startService('query-api', config, { ownPages: true })
  const { log, stopping } = service
  const clock = openClock({ virtual: config.virtualTime })
  using _closing = { [Symbol.dispose]: () => clock.close() }
  await using live = openLiveSource({
    ...config.nats,
    name: 'query-api',
    nowUs: () => clock.nowUs(),
    signal: stopping,
    onState: (part, state, reason) => log.info({ part, state, reason }, 'part changed state'),
  })
  service.report('files', () => filesReport(config.dataDir))
  service.report('bus', () => live.busReport())
  service.report('live', () => live.liveReport())
  const { keysFile, open, corsOrigins, hosts, requestsPerSecond, bytesPerSecond, streamsPerAddress } = config.api
  assertProtected({ host: config.host, keysFile, open })
  using keys =
    keysFile === undefined
      ? undefined
      : openKeyFile(keysFile, ({ keys: all, problem }) => {
          if (problem === undefined) log.info({ keys: all.map(({ name, scope }) => `${name} ${scope}`) }, 'API keys read anew')
          else log.error({ problem }, 'the API keys changed and cannot be read; the old ones go on counting')
        })
  await using app = buildServer({
    keys,
    corsOrigins,
    hosts: keys ? 'any' : hosts,
    limits: { ...LIMITS, requests: 5 * requestsPerSecond, requestsPerSecond, bytesPerSecond, mostOfCaller: streamsPerAddress },
    dataDir: config.dataDir,
    backends: config.backends,
    live,
    leases: openStreamLeases(() => live.bus),
    contracts: openContractDirectory({ bus: () => live.bus, nowUs: () => clock.nowUs() }),
    health: () => service.health(),
    metricsText: () => service.metrics.metrics(),
    metrics: registerQueryMetrics(service.metrics),
    nowUs: () => clock.nowUs(),
    keepAliveMs: KEEP_ALIVE_MS,
    pingEveryMs: PING_EVERY_MS,
    drainWithinMs: DRAIN_WITHIN_MS,
    onFailure: (err, requestId) => log.error({ err, requestId }, 'a request failed'),
    onDamage: (damage) => log.warn({ damage: damage.slice(0, 5), places: damage.length }, 'files have unreadable places'),
  })
  const url = await listen(app, config)
  log.info({ url }, 'listening')
  if (!stopping.aborted) await once(stopping, 'abort')
})
