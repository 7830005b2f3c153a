export { type AdminHandler, type AskOptions, adminSubject, askOwner, serveAdmin } from './admin.ts'
export { askServices, type ServiceState } from './ask-services.ts'
export { requestBackfill } from './backfill-request.ts'
export type { LogLine } from './batch-cutter.ts'
export { type ArrivedLine, BatchMerger } from './batch-merger.ts'
export { type Bus, type BusOptions, connectBus, pause } from './connection.ts'
export { BUS_ERROR_CODES, BusError, type BusErrorCode } from './errors.ts'
export {
  askForStream,
  BACKFILL,
  CONTRACT_LOOKUP,
  CONTRACT_RESOLVE,
  LEASE_SUBJECTS,
  leaseSubject,
  lookUpContracts,
  resolveContract,
} from './ingest-requests.ts'
export { type KeyValue, type KeyValueOptions, openKeyValue } from './key-value.ts'
export { listen } from './listen.ts'
export { lastMessage, messageAt, nextMessage, subjectsInLog } from './log-look.ts'
export type { LogMessage } from './log-message.ts'
export { type LogReader, type LogReaderOptions, openLogReader, type ReaderState } from './log-reader.ts'
export { type MicroService, type MicroServiceOptions, serveMicro } from './micro-service.ts'
export { publishOps } from './ops.ts'
export { openPublisher, type Publisher, type PublisherEvent, type PublisherOptions, type PublisherState } from './publisher.ts'
export { readStoredEvents } from './read-events.ts'
export { BUS_PERMISSIONS, BUS_USERS, type BusUser, type Permissions, VIEWER } from './security/bus-users.ts'
export { accountsFile, makeCredentials } from './security/credentials.ts'
export { unsentSpoolBytes } from './spool-segment.ts'
export { EVENTS, EVENTS_FILTER, INVALID, type LogOwner, TICKS } from './stream-configs.ts'
export { type KeepLeaseOptions, keepLease, type StreamLease } from './stream-lease.ts'
export { type LogFollower, partitionFilter, readLog, tickSubject } from './streams.ts'
export { openTracked, TRACKED_BUCKET, trackedKey } from './tracked.ts'
export { askTrim, serveTrim, TRIM_LOG } from './trim-log.ts'
