export type * from './api-types.ts'
export {
  type BarOptions,
  Client,
  type ClientOptions,
  type GetOptions,
  type HistoryOptions,
  type ReplayOptions,
  type StreamOptions,
  type StudyOptions,
} from './client.ts'
export { CLIENT_ERROR_CODES, ClientError, type ClientErrorCode, type ClientErrorFacts } from './errors.ts'
export type { StreamEvent } from './events.ts'
export type { ContractRef, Ranged, TickType, Time } from './options.ts'
export type { StudyOutput } from './outputs.ts'
export type { ReplayControl, ReplayControlOptions } from './replay.ts'
export type { QueryValue, Request } from './request.ts'
export type { TickStream } from './stream.ts'
export type { WatchOptions } from './watch.ts'
