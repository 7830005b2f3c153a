import { PARTITION_COUNT } from '@ib-stream/model'
import { DiscardPolicy, RetentionPolicy, StorageType, StoreCompression, type StreamConfig } from '@nats-io/jetstream'

/** The log of all ticks and of the recorder's events. */
export const TICKS = 'TICKS'
/** Recorder events and what services have to say, kept for ever. */
export const EVENTS = 'EVENTS'
/** Ticks that break the rules of the format, with the reason; kept 30 days. */
export const INVALID = 'INVALID'
/** Buckets of key and value: what is recorded, and what contract look-up answered. */
export const BUCKETS = ['tracked', 'contracts'] as const

export const EVENTS_FILTER = 'ib.events.>'

/** Where the log says whose it is. */
export const SPOOL_KEY = 'ibs_spool'
export const SOURCE_KEY = 'ibs_source'

export interface LogOwner {
  /** Id of the spool whose numbers are this log's sequences. */
  spoolId: string
  source: string
}

/** A stream as it has to be, field by field: what the server has is held to all of them. An undefined one must not be there. */
export type WantedStream = Partial<StreamConfig> & { name: string }

const NS_PER_SECOND = 1_000_000_000
const INVALID_KEPT_NS = 30 * 24 * 3_600 * NS_PER_SECOND
/** A gateway that speaks nonsense all day must not fill the disk. */
const INVALID_MAX_BYTES = 2 ** 28
/** Of what several replicas say at once EVENTS and INVALID keep one, by message id. */
const DEDUPLICATION_NS = 120 * NS_PER_SECOND
/** The log uses no message ids; this is the least window that the server takes. */
const LEAST_DEDUPLICATION_NS = NS_PER_SECOND / 10

/** `discard new` and no age: a slow writer holds the log, it never loses from it. */
export const logConfig = (owner: LogOwner, { maxBytes, replicas }: { maxBytes: number; replicas: number }): WantedStream => ({
  ...NO_LIMITS,
  name: TICKS,
  subjects: ['ticks.*.*', EVENTS_FILTER],
  subject_transform: { src: 'ticks.*.*', dest: `ticks.{{partition(${PARTITION_COUNT},1)}}.{{wildcard(1)}}.{{wildcard(2)}}` },
  discard: DiscardPolicy.New,
  max_bytes: maxBytes,
  num_replicas: replicas,
  duplicate_window: LEAST_DEDUPLICATION_NS,
  metadata: { [SPOOL_KEY]: owner.spoolId, [SOURCE_KEY]: owner.source },
})

export const eventsConfig = (replicas: number): WantedStream => ({
  ...NO_LIMITS,
  name: EVENTS,
  subjects: ['ib.ops.>'],
  sources: [{ name: TICKS, filter_subject: EVENTS_FILTER }],
  num_replicas: replicas,
})

export const invalidConfig = (replicas: number): WantedStream => ({
  ...NO_LIMITS,
  name: INVALID,
  subjects: ['ticks_invalid.*'],
  max_age: INVALID_KEPT_NS,
  max_bytes: INVALID_MAX_BYTES,
  num_replicas: replicas,
})

/** As clients of key and value want their stream (ADR-8 of NATS). */
export const bucketConfig = (bucket: string, replicas: number): WantedStream => ({
  ...NO_LIMITS,
  name: `KV_${bucket}`,
  subjects: [`$KV.${bucket}.>`],
  max_msgs_per_subject: 1,
  discard: DiscardPolicy.New,
  allow_rollup_hdrs: true,
  allow_direct: true,
  num_replicas: replicas,
})

/** What changes where messages come from or go to. */
const NOT_THERE = { mirror: undefined, sources: undefined, republish: undefined, subject_transform: undefined } as object

/** What all have in common, said even where it is the server's default: somebody may have changed it. */
const NO_LIMITS: Omit<WantedStream, 'name'> = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  max_age: 0,
  max_bytes: -1,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  max_msg_size: -1,
  max_consumers: -1,
  duplicate_window: DEDUPLICATION_NS,
  compression: StoreCompression.None,
  discard_new_per_subject: false,
  allow_rollup_hdrs: false,
  allow_direct: false,
  deny_delete: false,
  deny_purge: false,
  sealed: false,
  no_ack: false,
  ...NOT_THERE,
}
