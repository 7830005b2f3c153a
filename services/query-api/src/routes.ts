import type { Route } from './api/route.ts'
import { getAsOf } from './routes/as-of.ts'
import { getQuotesAtTrades } from './routes/as-of-trades.ts'
import { asyncApiRoute } from './routes/asyncapi.ts'
import { getBars } from './routes/bars.ts'
import { streamBuffer } from './routes/buffer.ts'
import { endClient, listClients } from './routes/clients.ts'
import { getContract, getMarketStatus, getSchedule, getTradingHours, lookUpSymbol, lookUpSymbolOfType } from './routes/contracts.ts'
import { getCoverage } from './routes/coverage.ts'
import { docsRoute } from './routes/docs.ts'
import { listGaps } from './routes/gaps.ts'
import { healthRoute, readyRoute } from './routes/health.ts'
import { getStreamHealth, listStreamHealth } from './routes/health-streams.ts'
import { getHistoryInfo } from './routes/history-info.ts'
import { queryHistory } from './routes/history-query.ts'
import { getHistoryStats } from './routes/history-stats.ts'
import { infoRoute } from './routes/info.ts'
import { streamLive, streamLiveOfType } from './routes/live.ts'
import { metricsRoute } from './routes/metrics.ts'
import { openApiRoute } from './routes/openapi.ts'
import { pageFileRoute, pageRoute } from './routes/page.ts'
import { replayContract, replayContracts } from './routes/replay.ts'
import { getSnapshot } from './routes/snapshot.ts'
import { downloadFile, listFiles } from './routes/storage-files.ts'
import { getStorageStats } from './routes/storage-stats.ts'
import { getStorageStatus } from './routes/storage-status.ts'
import { listStudies, runStudyOver } from './routes/studies.ts'
import { getSystemHealth } from './routes/system-health.ts'
import { queryTicks } from './routes/ticks.ts'
import { getDriftHistory, getTimeStatus } from './routes/time.ts'
import { deleteTracked, listTracked, putTracked } from './routes/tracked.ts'
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
  getQuotesAtTrades,
  getSnapshot,
  listStudies,
  runStudyOver,
  listGaps,
  getCoverage,
  listStreamHealth,
  getStreamHealth,
  getTimeStatus,
  getDriftHistory,
  listTracked,
  putTracked,
  deleteTracked,
  getStorageStatus,
  getStorageStats,
  listFiles,
  downloadFile,
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
  getSystemHealth,
  metricsRoute,
  openApiRoute,
  asyncApiRoute,
  docsRoute,
  pageRoute,
  pageFileRoute,
]
