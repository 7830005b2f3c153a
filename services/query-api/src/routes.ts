import type { Route } from './api/route.ts'
import { getAsOf } from './routes/as-of.ts'
import { asyncApiRoute } from './routes/asyncapi.ts'
import { getBars } from './routes/bars.ts'
import { streamBuffer } from './routes/buffer.ts'
import { endClient, listClients } from './routes/clients.ts'
import { getContract, getMarketStatus, getSchedule, getTradingHours, lookUpSymbol, lookUpSymbolOfType } from './routes/contracts.ts'
import { docsRoute } from './routes/docs.ts'
import { listGaps } from './routes/gaps.ts'
import { healthRoute, readyRoute } from './routes/health.ts'
import { getHistoryInfo } from './routes/history-info.ts'
import { queryHistory } from './routes/history-query.ts'
import { getHistoryStats } from './routes/history-stats.ts'
import { infoRoute } from './routes/info.ts'
import { streamLive, streamLiveOfType } from './routes/live.ts'
import { metricsRoute } from './routes/metrics.ts'
import { openApiRoute } from './routes/openapi.ts'
import { replayContract, replayContracts } from './routes/replay.ts'
import { getSnapshot } from './routes/snapshot.ts'
import { listStudies, runStudyOver } from './routes/studies.ts'
import { queryTicks } from './routes/ticks.ts'
import { webSocketRoute } from './routes/web-socket.ts'

/** Every route of the API. The server mounts them, `/openapi.json`, `/asyncapi.json`, `/docs` and `/v3/info` describe them, tests hold the two together. */
export const ROUTES: readonly Route[] = [
  infoRoute,
  getHistoryInfo,
  getHistoryStats,
  queryHistory,
  queryTicks,
  streamLive,
  streamLiveOfType,
  streamBuffer,
  replayContract,
  replayContracts,
  webSocketRoute,
  getBars,
  getAsOf,
  getSnapshot,
  listStudies,
  runStudyOver,
  listGaps,
  lookUpSymbol,
  lookUpSymbolOfType,
  getContract,
  getMarketStatus,
  getTradingHours,
  getSchedule,
  listClients,
  endClient,
  healthRoute,
  readyRoute,
  metricsRoute,
  openApiRoute,
  asyncApiRoute,
  docsRoute,
]
