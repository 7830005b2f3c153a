// what users of the package alone need of the model, which is packed inside of it
export { bidAskTick, hourOf, midPointTick, partitionOf, type TickMessage, type TickType, tradeTick } from '@ib-stream/model'
export { columnsOf, FIELD_BIT, type FieldKey, type TickColumns } from './codec/columns.ts'
export { decodeTickJson, encodeTickJson, encodeTicksJson } from './codec/json.ts'
export { JsonScanner } from './codec/json-scan.ts'
export { decodeTicksProto, encodeTickProto, encodeTicksProto } from './codec/proto.ts'
export { LineSplitter } from './codec/split-lines.ts'
export { VarintSplitter } from './codec/split-varint.ts'
export { tickOfRow } from './codec/tick-of-row.ts'
export { STORAGE_ERROR_CODES, StorageError, type StorageErrorCode } from './errors.ts'
export type { AskForImport } from './import/hour-sink.ts'
export type { ImportedHour, ImportJob } from './import/import-hour.ts'
export { type ImportOptions, importThroughOwners, importTicks } from './import/import-ticks.ts'
export type { FormReport, ImportFault, ImportProgress, ImportReport } from './import/report.ts'
export { parseJob } from './jobs/parse-job.ts'
export {
  doJob,
  doJobOffline,
  type JobResult,
  type PartitionJob,
  type RepairJob,
  type RetentionJob,
  type Said,
} from './jobs/partition-job.ts'
export {
  type AddedBackend,
  addBackend,
  BACKENDS,
  type Backend,
  type BackendForm,
  extensionOf,
  type Framing,
  HOUSE_BACKENDS,
  type HouseBackend,
  type OwnBackend,
  SEALED_BACKEND,
} from './layout/backend.ts'
export { findSegments, type SegmentQuery } from './layout/find-segments.ts'
export { manifestPath } from './layout/manifest-path.ts'
export { hasArchive, parseSealedPath, type SealedDay, type SealedPath } from './layout/sealed-path.ts'
export { eventsPath, parseSegmentPath, type Segment, segmentPath } from './layout/segment-path.ts'
export type { PartitionId } from './layout/state-path.ts'
export type { ManifestEntry } from './manifest/manifest-entry.ts'
export { type Manifest, type ManifestDamage, type ManifestQuery, readManifests } from './manifest/read-manifest.ts'
export { type AdoptDayOptions, adoptDay } from './parquet/adopt-day.ts'
export { type ArchiveSight, type IsWanted, lookAtArchive, type WaitingHour } from './parquet/archive-sight.ts'
export { type ExportedFile, type ExportOptions, exportParquet } from './parquet/export-parquet.ts'
export type { SealedFacts, SealedHour } from './parquet/footer.ts'
export { encodeSealed } from './parquet/seal-columns.ts'
export { decodeSealed } from './parquet/sealed-rows.ts'
export { GROUP_ROWS, type SealedHead, SealedWriter, type SealedWriterOptions } from './parquet/sealed-writer.ts'
export { type Sealed, type SealedStore, Sealer, type SealerOptions } from './parquet/sealer.ts'
export { checkOpenDay, listWholeDays, type WholeDay } from './parquet/whole-days.ts'
export type { Damage } from './query/damage.ts'
export { type BatchOptions, type ByteOptions, openRange, type TickRange, type Within } from './query/open-range.ts'
export type { RemovedHour } from './query/plan.ts'
export type { RangeOptions } from './query/plan-range.ts'
export type { Order } from './query/read-segment.ts'
export { floorKey, type LogFloor } from './rebuild/log-floor.ts'
export type { LossReason, RebuiltCheckpoint } from './rebuild/rebuild-checkpoint.ts'
export { findSeed, type Seed, type SeedReport, seedPartition } from './rebuild/seed.ts'
export { REPAIR_WORDS, type RepairWord } from './repair/plan-file.ts'
export { type RepairOptions, type RepairOutcome, type RepairReport, repair, repairableBackends, repairPartition } from './repair/repair.ts'
export type { Keep, KeepByBackend } from './retention/keep.ts'
export { STAY_WORDS, type StayWord } from './retention/plan-day.ts'
export type { Removed, RetainedDay, RetentionOptions, RetentionProgress, RetentionReport } from './retention/report.ts'
export { type OwnedPartition, retain, retainPartition } from './retention/retain.ts'
export { type StockFile, type StockQuery, takeStock } from './retention/stock.ts'
export type { Source, SourceKind } from './segment/checkpoint.ts'
export { assertSharedLocks } from './segment/file-system.ts'
export { type OwnerSight, OwnerWatch } from './segment/owner-watch.ts'
export {
  openPartitionStore,
  type PartitionStore,
  type PartitionStoreOptions,
  type PartitionStoreState,
  type PartitionWork,
} from './segment/partition-store.ts'
export { readDurablePosition, readPosition, syncCheckpoints } from './segment/read-position.ts'
export { workOffline } from './segment/work-offline.ts'
export { DAMAGE_KINDS, type DamageFound, type DamageKind } from './verify/check-file.ts'
export { type CompareOptions, type CompareReport, compareBackends, type HourDifference } from './verify/compare.ts'
export { type Unreachable, type VerifyCounts, type VerifyOptions, type VerifyReport, verify } from './verify/verify.ts'
