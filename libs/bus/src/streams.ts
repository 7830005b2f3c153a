import { failPoint } from '@ib-stream/model'
import type { JetStreamManager, PeerInfo, StreamConfig, StreamInfo } from '@nats-io/jetstream'
import { assertLed } from './assert-led.ts'
import { createStream, ensureStream, streamInfo } from './ensure-stream.ts'
import {
  BUCKETS,
  bucketConfig,
  EVENTS,
  eventsConfig,
  INVALID,
  invalidConfig,
  type LogOwner,
  logConfig,
  SOURCE_KEY,
  SPOOL_KEY,
  TICKS,
} from './stream-configs.ts'

/** Subject under which ingest publishes a tick and users subscribe to it. */
export const tickSubject = (cid: number, tt: string): string => `ticks.${cid}.${tt}`

/** Filter of one partition's ticks, as they are stored. */
export const partitionFilter = (partition: number): string => `ticks.${partition}.>`

/**
 * Creates the log. `firstSeq` is the spool's oldest number, so that a number never means another message.
 * @throws BusError `IBS_BUS_STREAM_DIFFERS` when the server made something else of it
 */
export async function createLog(
  manager: JetStreamManager,
  owner: LogOwner,
  options: { firstSeq: number; maxBytes: number; replicas: number },
): Promise<StreamInfo> {
  const log = logConfig(owner, options)
  if (options.firstSeq <= 1) return await createStream(manager, log)
  await createStream(manager, { ...log, first_seq: options.firstSeq })
  return await forgetFirstSeq(manager)
}

/**
 * The init step of all other streams and buckets, and the check of all: makes what is missing, changes what can be changed without losing anything. The log must exist;
 * its `max_bytes` are the keeper's.
 * @throws BusError `IBS_BUS_STREAM_DIFFERS` naming stream and fields
 */
export async function ensureStreams(manager: JetStreamManager, owner: LogOwner, replicas: number): Promise<void> {
  const { config } = await manager.streams.info(TICKS)
  await ensureStream(manager, logConfig(owner, { maxBytes: config.max_bytes, replicas }))
  const others = [eventsConfig(replicas), invalidConfig(replicas), ...BUCKETS.map((bucket) => bucketConfig(bucket, replicas))]
  await Promise.all(others.map((wanted) => ensureStream(manager, wanted))) // at once: in a cluster each costs an election
}

/** Whether the streams beside the log are there. */
export async function othersStand(manager: JetStreamManager): Promise<boolean> {
  const names = [EVENTS, INVALID, ...BUCKETS.map((bucket) => bucketConfig(bucket, 1).name)]
  const infos = await Promise.all(names.map((name) => streamInfo(manager, name)))
  return infos.every((info) => info !== undefined)
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

export interface LogState {
  firstSeq: number
  lastSeq: number
  bytes: number
  maxBytes: number
  owner: LogOwner
  /** Into how many partitions its subjects are cut; 0: into none. */
  partitionCount: number
  /** The other servers of a cluster that keep the log; none on a single server. */
  followers: readonly LogFollower[]
}

/** A server that keeps a copy of the log, as the leader sees it. */
export interface LogFollower {
  server: string
  /** It answers, and has the newest messages or nearly so. */
  follows: boolean
  /** Messages that it has not confirmed. */
  lagMessages: number
}

/** State of the log, or undefined while there is none. Other failures (time-out, no connection, a server that may not know, see {@link assertLed}) are thrown. */
export async function readLog(manager: JetStreamManager): Promise<LogState | undefined> {
  const info = await streamInfo(manager, TICKS)
  if (!info) return undefined
  assertLed(info)
  const { metadata = {}, subject_transform } = info.config
  return {
    firstSeq: Math.max(1, info.state.first_seq), // 0 before the first message
    lastSeq: info.state.last_seq,
    bytes: info.state.bytes,
    maxBytes: info.config.max_bytes,
    owner: { spoolId: metadata[SPOOL_KEY] ?? '', source: metadata[SOURCE_KEY] ?? '' },
    partitionCount: Number(/\{\{partition\((\d+),/.exec(subject_transform?.dest ?? '')?.[1] ?? 0),
    followers: (info.cluster?.replicas ?? []).map(followerOf),
  }
}

/** Under load a follower is some messages behind most of the time, and not `current` then. */
const NEARLY_MESSAGES = 5_000
/** A leader hears of each follower every second. */
const SILENT_NS = 10_000_000_000

function followerOf({ name, current, offline = false, lag = 0, active }: PeerInfo): LogFollower {
  return { server: name, follows: !offline && active < SILENT_NS && (current || lag < NEARLY_MESSAGES), lagMessages: lag }
}
