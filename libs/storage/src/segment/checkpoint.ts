import { crc32 } from 'node:zlib'
import { PARTITION_COUNT } from '@ib-stream/model'
import { StorageError } from '../errors.ts'
import { endOfFileUs, parseSegmentPath } from '../layout/segment-path.ts'
import { EMPTY_TALLY, type Tally } from '../manifest/tally.ts'

export type SourceKind = 'gateway' | 'simulator'

/** Which recording files belong to. */
export interface Source {
  spoolId: string
  source: SourceKind
}

/** How far one backend's files of one partition are a function of the log. */
export interface Checkpoint extends Source {
  /** Rises with every checkpoint of the partition. */
  v: number
  bootId: string
  partitionCount: number
  /** Last log sequence whose ticks are in the files. */
  seq: number
  /** Newest `st` up to there, of the log's other partitions too where this one has caught up with it, µs UTC; 0 before the first. Every tick after `seq` is newer, but for those of a batch. */
  newestStUs: number
  /** Files that still grow: path → committed bytes. Files that are not listed count whole. */
  files: Record<string, number>
  /** What is known of the content of the listed files of ticks and events. */
  tallies: Record<string, Tally>
  /** Files that retention is taking away: their manifest says so already, their names may still be there. Not among `files`; readers pass them over. */
  removing: readonly string[]
  /** Files of hours that the log closed after this `st`, µs UTC, have a manifest entry; 0: all. Older ones were closed before there were manifests. */
  manifestSinceUs: number
}

/** Before the first message of a partition there is no checkpoint; this is what it would say. */
export function emptyCheckpoint({ spoolId, source }: Source, bootId: string): Checkpoint {
  return {
    v: 0,
    bootId,
    spoolId,
    source,
    partitionCount: PARTITION_COUNT,
    seq: 0,
    newestStUs: 0,
    files: {},
    tallies: {},
    removing: [],
    manifestSinceUs: 0,
  }
}

const HEAD_LENGTH = '{"crc32":"00000000","checkpoint":'.length

/** One line: the checkpoint as JSON with the CRC of exactly those bytes in front. */
export function encodeCheckpoint(checkpoint: Checkpoint): string {
  const body = JSON.stringify(checkpoint)
  return `{"crc32":"${sum(body)}","checkpoint":${body}}\n`
}

const sum = (body: string): string => crc32(body).toString(16).padStart(8, '0')

/** The checkpoint in a file's text, or undefined where it is torn or not one. */
export function decodeCheckpoint(text: string): Checkpoint | undefined {
  const body = text.slice(HEAD_LENGTH, -2)
  if (text !== `{"crc32":"${sum(body)}","checkpoint":${body}}\n`) return undefined
  const value: unknown = JSON.parse(body) // its CRC is right, so somebody wrote these bytes on purpose
  return isCheckpoint(value)
    ? { ...value, tallies: value.tallies ?? {}, removing: value.removing ?? [], manifestSinceUs: value.manifestSinceUs ?? value.newestStUs }
    : undefined
}

/** Earlier versions did not write these. */
type Later = 'tallies' | 'removing' | 'manifestSinceUs'
type StoredCheckpoint = Omit<Checkpoint, Later> & Partial<Pick<Checkpoint, Later>>

function isCheckpoint(value: unknown): value is StoredCheckpoint {
  if (typeof value !== 'object' || value === null) return false
  const c = value as Record<keyof Checkpoint, unknown>
  return (
    [c.v, c.partitionCount, c.seq, c.newestStUs].every(isCount) &&
    [c.bootId, c.spoolId].every((text) => typeof text === 'string') &&
    (c.source === 'gateway' || c.source === 'simulator') &&
    isRecord(c.files) &&
    Object.entries(c.files).every(([path, bytes]) => endOfFileUs(path) !== undefined && isCount(bytes)) &&
    (c.tallies === undefined || (isRecord(c.tallies) && Object.values(c.tallies).every(isTally))) &&
    (c.removing === undefined || (Array.isArray(c.removing) && c.removing.every((path) => parseSegmentPath(String(path)) !== undefined))) &&
    (c.manifestSinceUs === undefined || isCount(c.manifestSinceUs))
  )
}

function isTally(value: unknown): boolean {
  if (!isRecord(value)) return false
  if ([value.removedCount, value.lostCount].some((count) => count !== undefined && !isCount(count))) return false
  return Object.entries(EMPTY_TALLY).every(([key, empty]) =>
    typeof empty === 'number' ? isCount(value[key]) : typeof value[key] === typeof empty,
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** The two files of a partition as found; undefined: not there. */
export interface CheckpointTexts {
  visible: string | undefined
  durable: string | undefined
}

export interface Checkpoints {
  visible: Checkpoint | undefined
  durable: Checkpoint | undefined
  /** The one that counts, for owners and readers alike; undefined before the first. */
  counts: Checkpoint | undefined
}

/**
 * What the two files say. A visible checkpoint is never synced, so a torn one is a power cut and counts as absent, like one of another boot. A durable one
 * was synced before it got its name: damage there is a bad disk, and going on as if there were none would double every tick.
 * @throws StorageError `IBS_STORAGE_CHECKPOINT_DAMAGED`, `IBS_STORAGE_PARTITION_COUNT`
 */
export function readCheckpoints(texts: CheckpointTexts, bootId: string, path: string): Checkpoints {
  const visible = texts.visible === undefined ? undefined : decodeCheckpoint(texts.visible)
  const durable = texts.durable === undefined ? undefined : decodeCheckpoint(texts.durable)
  if (texts.durable !== undefined && durable === undefined) {
    throw new StorageError(
      'IBS_STORAGE_CHECKPOINT_DAMAGED',
      `${path} cannot be read; start the writer of this backend, which makes it anew from the files and the log`,
      { path },
    )
  }
  const counts = visible?.bootId === bootId && visible.v >= (durable?.v ?? 0) ? visible : durable
  if (counts !== undefined && counts.partitionCount !== PARTITION_COUNT) {
    throw new StorageError(
      'IBS_STORAGE_PARTITION_COUNT',
      `${path} was made with ${counts.partitionCount} partitions, this version has ${PARTITION_COUNT}; use the version that made it`,
      {
        path,
        found: counts.partitionCount,
        expected: PARTITION_COUNT,
      },
    )
  }
  return { visible, durable, counts }
}

/** @throws StorageError `IBS_STORAGE_SOURCE_MIXED` where the files are of another recording */
export function assertSameSource(counts: Checkpoint | undefined, own: Source, path: string): void {
  if (counts === undefined || (counts.spoolId === own.spoolId && counts.source === own.source)) return
  throw new StorageError(
    'IBS_STORAGE_SOURCE_MIXED',
    `${path} belongs to spool ${counts.spoolId} (${counts.source}), this is ${own.spoolId} (${own.source}); give each recording a DATA_DIR of its own, or restore the spool's folder`,
    { path, found: { spoolId: counts.spoolId, source: counts.source }, expected: own },
  )
}
