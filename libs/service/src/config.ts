import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { msFromUs, type TrackedContract, US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import type { VirtualTime } from './clock.ts'
import { ServiceError } from './errors.ts'
import { BESIDE_THE_ARCHIVE, type RetentionSetting } from './retention-setting.ts'
import { type RawSettings, SETTINGS } from './settings.ts'
import { shownSetting } from './shown-setting.ts'
import { parseTrackedContracts } from './tracked-contracts.ts'

/** Real ticks and simulated ones never mix: the source is written into streams and checkpoints. */
export type Source = 'gateway' | 'simulator'

/** A place in S3-compatible storage. */
export interface ArchiveSetting {
  bucket: string
  /** Empty, or ends with `/`. */
  prefix: string
  /** Undefined: AWS. */
  endpoint: string | undefined
  region: string
  keys: { id: string; secret: string } | undefined
  pathStyle: boolean
}

export interface Config {
  source: Source
  gateway: {
    host: string
    ports: readonly number[]
    clientId: number
    connectTimeoutMs: number
    /** Tick-by-tick lines of the account. */
    lines: number
    requestGuardMs: number
    /** Local time of its daily restart. */
    restart: { minuteOfDay: number; zone: string }
  }
  /** Most bytes of raw capture; 0: none. */
  captureMaxBytes: number
  /** How far back gaps are filled by themselves; 0: never. */
  backfillMs: number
  tracked: readonly TrackedContract[]
  /** When front contracts move on, and how long before and after both are recorded. */
  roll: { daysBefore: number; overlapMs: number }
  backends: readonly RawSettings['IB_STREAM_BACKENDS'][number][]
  instance: string
  /** Absolute. */
  dataDir: string
  /** DATA_DIR may lie on an overlay file system. */
  overlayAllowed: boolean
  nats: { url: string; credentials: string | undefined; caFile: string | undefined }
  spoolMaxBytes: number
  /** Undefined: a part of the disk, see `logBytesLimit`. */
  logMaxBytes: number | undefined
  logKeepMs: number
  /** Backends without a limit are kept for ever. */
  retention: RetentionSetting
  keeperEveryMs: number
  alertWebhookUrl: string | undefined
  /** Where sealed days are copied to; undefined: nowhere. */
  archive: ArchiveSetting | undefined
  archiveEveryMs: number
  logReplicas: number
  /** `sync_interval` of the log's server. */
  logSyncMs: number
  port: number
  host: string
  /** Who may use query-api, and how much. */
  api: {
    keysFile: string | undefined
    open: 'loopback' | 'anywhere'
    corsOrigins: readonly string[]
    requestsPerSecond: number
    bytesPerSecond: number
    streamsPerAddress: number
    /** Names with a dot by which query-api may be asked without a key, in small letters; any: all. */
    hosts: readonly string[] | 'any'
  }
  healthPort: number
  checkpointVisibleMs: number
  checkpointDurableMs: number
  /** Absent: the real time. */
  virtualTime: VirtualTime | undefined
  logLevel: RawSettings['LOG_LEVEL']
}

/**
 * The whole configuration from environment variables, complete and frozen. An empty variable counts as unset.
 * @throws ServiceError `IBS_CONFIG_INVALID` naming every setting that breaks its rule
 */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const problems: string[] = []
  const raw = {} as Record<string, unknown>
  for (const [name, { rule }] of Object.entries(SETTINGS)) {
    const given = env[name] === '' ? undefined : env[name]
    const result = rule.safeParse(given)
    if (result.success) raw[name] = result.data
    else
      for (const issue of result.error.issues)
        problems.push(
          `${name}=${shownSetting(name, given ?? '')}: ${issue.code === 'invalid_type' && Number.isNaN(Number(given)) ? 'a number' : issue.message}`,
        )
  }
  problems.push(...halfKeys(raw as Partial<RawSettings>))
  if (problems.length > 0) {
    const list = problems.map((problem) => `\n  ${problem}`).join('')
    throw new ServiceError(
      'IBS_CONFIG_INVALID',
      `these settings are wrong:${list}\nMend them in the environment or .env; .env.example tells each rule.`,
      { problems },
    )
  }
  return Object.freeze(derive(raw as RawSettings))
}

/** A key without its secret, or the other way; no value is said, for one is a secret. */
function halfKeys({ ARCHIVE_S3_ACCESS_KEY_ID: id, ARCHIVE_S3_SECRET_ACCESS_KEY: secret }: Partial<RawSettings>): string[] {
  if ((id === undefined) === (secret === undefined)) return []
  const [there, lacking] = id === undefined ? ['SECRET_ACCESS_KEY', 'ACCESS_KEY_ID'] : ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']
  return [`ARCHIVE_S3_${lacking}=: set it too, or unset ARCHIVE_S3_${there}`]
}

function archiveOf(raw: RawSettings): ArchiveSetting | undefined {
  const {
    ARCHIVE_S3_BUCKET: bucket,
    ARCHIVE_S3_ENDPOINT: endpoint,
    ARCHIVE_S3_ACCESS_KEY_ID: id,
    ARCHIVE_S3_SECRET_ACCESS_KEY: secret,
  } = raw
  if (bucket === undefined) return undefined
  return {
    ...{ bucket, prefix: raw.ARCHIVE_S3_PREFIX, endpoint, region: raw.ARCHIVE_S3_REGION },
    keys: id === undefined || secret === undefined ? undefined : { id, secret },
    pathStyle: raw.ARCHIVE_S3_PATH_STYLE === undefined ? endpoint !== undefined : raw.ARCHIVE_S3_PATH_STYLE === 'on',
  }
}

function derive(raw: RawSettings): Config {
  const source: Source = raw.IB_HOST === undefined ? 'simulator' : 'gateway'
  const simulated = source === 'simulator'
  return {
    source,
    gateway: {
      host: raw.IB_HOST ?? raw.SIM_HOST,
      ports: simulated ? [raw.SIM_PORT] : raw.IB_PORTS,
      clientId: raw.IB_CLIENT_ID ?? clientIdOf(raw.IB_STREAM_INSTANCE),
      connectTimeoutMs: raw.IB_CONNECT_TIMEOUT_MS,
      lines: raw.IB_STREAM_LINES,
      requestGuardMs: raw.IB_STREAM_REQUEST_GUARD_MS,
      restart: raw.IB_RESTART_TIME,
    },
    captureMaxBytes: raw.IB_STREAM_CAPTURE_MAX_BYTES,
    backfillMs: msOfDuration(raw.IB_STREAM_BACKFILL),
    tracked: raw.IB_STREAM_TRACKED_CONTRACTS ?? (simulated ? parseTrackedContracts(DEFAULT_SIMULATED).contracts : []),
    roll: { daysBefore: raw.IB_STREAM_ROLL_DAYS, overlapMs: msOfDuration(raw.IB_STREAM_ROLL_OVERLAP) },
    backends: raw.IB_STREAM_BACKENDS,
    instance: raw.IB_STREAM_INSTANCE,
    dataDir: resolve(raw.DATA_DIR ?? (simulated ? 'data-sim' : 'data')),
    overlayAllowed: raw.IB_STREAM_OVERLAY === 'allow',
    nats: {
      url: raw.NATS_URL,
      credentials: raw.NATS_CREDENTIALS === undefined ? undefined : resolve(raw.NATS_CREDENTIALS),
      caFile: raw.NATS_CA_FILE === undefined ? undefined : resolve(raw.NATS_CA_FILE),
    },
    logMaxBytes: raw.IB_STREAM_LOG_MAX_BYTES,
    spoolMaxBytes: raw.IB_STREAM_SPOOL_MAX_BYTES,
    logKeepMs: msOfDuration(raw.IB_STREAM_LOG_KEEP),
    retention: raw.IB_STREAM_RETENTION ?? (raw.IB_STREAM_BACKENDS.includes('parquet') ? BESIDE_THE_ARCHIVE : {}),
    keeperEveryMs: raw.KEEPER_EVERY_MS,
    alertWebhookUrl: raw.ALERT_WEBHOOK_URL,
    archive: archiveOf(raw),
    archiveEveryMs: raw.ARCHIVE_EVERY_MS,
    logReplicas: Number(raw.IB_STREAM_LOG_REPLICAS),
    logSyncMs: msOfDuration(raw.IB_STREAM_LOG_SYNC),
    port: raw.PORT,
    host: raw.HOST,
    api: {
      keysFile: raw.API_KEYS_FILE === undefined ? undefined : resolve(raw.API_KEYS_FILE),
      open: raw.API_OPEN,
      corsOrigins: raw.API_CORS_ORIGINS,
      requestsPerSecond: raw.API_REQUESTS_PER_SECOND,
      bytesPerSecond: raw.API_BYTES_PER_SECOND,
      streamsPerAddress: raw.API_STREAMS_PER_ADDRESS,
      hosts: raw.API_HOSTS,
    },
    healthPort: raw.HEALTH_PORT,
    checkpointVisibleMs: raw.CHECKPOINT_VISIBLE_MS,
    checkpointDurableMs: raw.CHECKPOINT_DURABLE_MS,
    virtualTime: raw.CLOCK_START && { ...raw.CLOCK_START, rate: raw.CLOCK_RATE },
    logLevel: raw.LOG_LEVEL,
  }
}

const DEFAULT_SIMULATED = '711280073:MNQ:bid_ask;last:24,265598:AAPL:bid_ask;last:24'

/** Several installations may use one gateway: each asks under a number of its own, the same after every start. */
const clientIdOf = (instance: string): number =>
  instance === '' ? 851 : 852 + (createHash('sha256').update(instance).digest().readUInt32BE() % 1_000)

const US_PER_UNIT = { s: US_PER_SECOND, m: 60 * US_PER_SECOND, h: US_PER_HOUR, d: US_PER_DAY } as const
const msOfDuration = (text: string): number => msFromUs(Number(text.slice(0, -1)) * US_PER_UNIT[text.slice(-1) as keyof typeof US_PER_UNIT])
