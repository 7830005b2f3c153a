export { BACKFILL_REPLY_EVERY_MS, type BackfillReply, type BackfillRequest } from './backfill.ts'
export type { Contract, ContractAnswer, ContractQuery } from './contract.ts'
export { type ContractName, parseContractName, SEC_TYPES } from './contract-name.ts'
export { codeOf, IbsError } from './error.ts'
export { MODEL_ERROR_CODES, ModelError, type ModelErrorCode } from './errors.ts'
export { failPoint, failPointIsSet } from './fail-point.ts'
export { bidAskTick, describeFault, midPointTick, parseTick, type TickFields, tradeTick } from './make-tick.ts'
export {
  type AlertEvent,
  type LogGapEvent,
  OPS_SUBJECT_PREFIX,
  type OpsEvent,
  type OwnerStaleEvent,
  opsSubject,
  type PublisherTroubleEvent,
} from './ops-event.ts'
export { DURATION_FORMS, endOfSecond, type Parsed, parseDuration, parseTime, systemNowUs, TIME_FORMS } from './parse-time.ts'
export { PARTITION_COUNT, partitionOf } from './partition.ts'
export {
  type BackfillEvent,
  type BackfillPageEvent,
  type ClockEvent,
  type ConnectionEvent,
  EVENT_SUBJECT_PREFIX,
  eventSubject,
  GAP_CAUSES,
  type GapCause,
  type GapEvent,
  type GapOpenedEvent,
  type JumpEvent,
  type LagEvent,
  type LostEvent,
  type RecorderEvent,
  type RecorderEventKind,
  type RollEvent,
  type SubscriptionEvent,
} from './recorder-event.ts'
export { hash31 } from './request-id.ts'
export { type ClockHealth, HEALTH_WORDS, type HealthWord, overallHealth, type RecordingHealth, type StreamHealth } from './stream-health.ts'
export type { LeaseAnswer, LeaseRequest, LineHolder } from './stream-lease.ts'
export {
  type BidAskTick,
  compareTicks,
  FIELDS,
  type Field,
  isTickType,
  type MidPointTick,
  TICK_TYPES,
  type TickMessage,
  type TickType,
  type TradeTick,
  tickSchema,
} from './tick.ts'
export {
  EARLIEST_TS_US,
  hourOf,
  isoFromUs,
  msFromUs,
  US_PER_DAY,
  US_PER_HOUR,
  US_PER_MS,
  US_PER_SECOND,
  usFromMs,
  usFromSeconds,
} from './time.ts'
export { parseTrackedContract, type TrackedContract, trackedCid } from './tracked-contract.ts'
export { checkTick, type TickCheck, type TickFault } from './validate-tick.ts'
