import { failPoint, PARTITION_COUNT } from '@ib-stream/model'
import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType, type StreamConfig, type StreamInfo } from '@nats-io/jetstream'
import { BusError } from './errors.ts'

/** The log of all ticks and of the recorder's events. */
export const TICKS = 'TICKS'
/** Recorder events and what services have to say, kept for ever. */
export const EVENTS = 'EVENTS'
/** Ticks that break the rules of the format, with the reason; kept 30 days. */
export const INVALID = 'INVALID'

/** Where the log says whose it is. */
export const SPOOL_KEY = 'ibs_spool'
export const SOURCE_KEY = 'ibs_source'

const NS_PER_SECOND = 1_000_000_000
const INVALID_KEPT_NS = 30 * 24 * 3_600 * NS_PER_SECOND
/** Message ids are not used; this is the least window that the server takes. */
const DEDUPLICATION_NS = NS_PER_SECOND / 10

export interface LogOwner {
  /** Id of the spool whose numbers are this log's sequences. */
  spoolId: string
  source: string
}

/** Subject under which ingest publishes a tick and users subscribe to it. */
export const tickSubject = (cid: number, tt: string): string => `ticks.${cid}.${tt}`

/** Filter of one partition's ticks, as they are stored. */
export const partitionFilter = (partition: number): string => `ticks.${partition}.>`
export const EVENTS_FILTER = 'ib.events.>'

/**
 * Creates the log. `firstSeq` is the spool's oldest number, so that a number never means another message.
 * @throws BusError `IBS_BUS_STREAM_DIFFERS` when the server made something else of it
 */
export async function createLog(
  manager: JetStreamManager,
  owner: LogOwner,
  options: { firstSeq: number; maxBytes: number; replicas?: number },
): Promise<StreamInfo> {
  const log: Wanted = {
    name: TICKS,
    subjects: ['ticks.*.*', EVENTS_FILTER],
    subject_transform: { src: 'ticks.*.*', dest: `ticks.{{partition(${PARTITION_COUNT},1)}}.{{wildcard(1)}}.{{wildcard(2)}}` },
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_bytes: options.maxBytes,
    num_replicas: options.replicas ?? 1,
    max_age: 0,
    duplicate_window: DEDUPLICATION_NS,
    metadata: { [SPOOL_KEY]: owner.spoolId, [SOURCE_KEY]: owner.source },
  }
  if (options.firstSeq <= 1) return await create(manager, log)
  await create(manager, { ...log, first_seq: options.firstSeq })
  return await forgetFirstSeq(manager)
}

/**
 * Takes `first_seq` out of the log's configuration; its numbers stay. Before nats-server 2.10.28 a stream that has it comes back empty from each restart
 * (nats-server#6753; tried on 2.10.27), so nothing may be published before.
 */
export async function forgetFirstSeq(manager: JetStreamManager): Promise<StreamInfo> {
  const info = await manager.streams.info(TICKS)
  if (!info.config.first_seq) return info
  failPoint('forget first_seq')
  const without: Partial<StreamConfig> = { first_seq: 0 }
  return await manager.streams.update(TICKS, without)
}

/** Makes the streams beside the log where they are missing. The log must exist. */
export async function ensureSideStreams(manager: JetStreamManager, replicas = 1): Promise<void> {
  await createUnlessThere(manager, {
    name: EVENTS,
    subjects: ['ib.ops.>'],
    sources: [{ name: TICKS, filter_subject: EVENTS_FILTER }],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: 0,
    num_replicas: replicas,
  })
  await createUnlessThere(manager, {
    name: INVALID,
    subjects: ['ticks_invalid.*'],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_age: INVALID_KEPT_NS,
    num_replicas: replicas,
  })
}

/** State of the log, or undefined while there is none. Other failures (time-out, no connection) are thrown. */
export async function readLog(
  manager: JetStreamManager,
): Promise<{ firstSeq: number; lastSeq: number; bytes: number; maxBytes: number; owner: LogOwner } | undefined> {
  const info = await streamInfo(manager, TICKS)
  if (!info) return undefined
  const { metadata = {} } = info.config
  return {
    firstSeq: Math.max(1, info.state.first_seq), // 0 before the first message
    lastSeq: info.state.last_seq,
    bytes: info.state.bytes,
    maxBytes: info.config.max_bytes,
    owner: { spoolId: metadata[SPOOL_KEY] ?? '', source: metadata[SOURCE_KEY] ?? '' },
  }
}

type Wanted = Partial<StreamConfig> & { name: string }

async function createUnlessThere(manager: JetStreamManager, wanted: Wanted): Promise<void> {
  const info = await streamInfo(manager, wanted.name)
  if (info)
    compare({ ...wanted, num_replicas: info.config.num_replicas }, info) // a setting for the making; who moves a stream to more servers does it by hand
  else await create(manager, wanted)
}

async function create(manager: JetStreamManager, wanted: Wanted): Promise<StreamInfo> {
  await manager.streams.add(wanted)
  const info = await manager.streams.info(wanted.name)
  compare(wanted, info)
  return info
}

async function streamInfo(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name)
  } catch (error) {
    if ((error as { code?: unknown }).code === STREAM_NOT_FOUND) return undefined
    throw error
  }
}

const STREAM_NOT_FOUND = 10_059

/** Servers drop fields that they do not know without a word, so what came back is held to what was asked for. */
function compare(wanted: Wanted, info: StreamInfo): void {
  const got = info.config as unknown as Record<string, unknown>
  const different = Object.entries(wanted).filter(([key, value]) => key !== 'metadata' && key !== 'first_seq' && !covers(got[key], value))
  if (different.length === 0) return
  const list = different.map(([key, value]) => `${key}: wanted ${JSON.stringify(value)}, is ${JSON.stringify(got[key])}`).join('; ')
  throw new BusError(
    'IBS_BUS_STREAM_DIFFERS',
    `stream ${wanted.name} differs (${list}); update the server to 2.10 or newer, or remove the stream after a backup`,
    { stream: wanted.name },
  )
}

/** The server may add fields to objects, never change one that was given; absent and zero are the same to it. */
function covers(got: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(got) && got.length === wanted.length && wanted.every((value, i) => covers(got[i], value))
  if (typeof wanted === 'object' && wanted !== null)
    return Object.entries(wanted).every(([key, value]) => covers((got as Record<string, unknown> | undefined)?.[key], value))
  return (got ?? 0) === (wanted ?? 0)
}
