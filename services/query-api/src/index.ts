export { QUERY_ERROR_CODES, QueryError, type QueryErrorCode } from './errors.ts'
export { registerQueryMetrics } from './metrics.ts'
export { buildServer } from './server.ts'
export type { ServerDeps } from './server-deps.ts'
