import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { msFromUs, type TrackedContract, US_PER_DAY, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { z } from 'zod'
import { parseClockStart, type VirtualTime } from './clock.ts'
import { ServiceError } from './errors.ts'
import { BESIDE_THE_ARCHIVE, parseRetention, RETENTION_FORM, type RetentionSetting } from './retention-setting.ts'
import { shownSetting } from './shown-setting.ts'
import { parseTrackedContracts } from './tracked-contracts.ts'

/** Real ticks and simulated ones never mix: the source is written into streams and checkpoints. */
export type Source = 'gateway' | 'simulator'

const port = z.coerce.number().int('a whole number').min(0, 'from 0 to 65535').max(65_535, 'from 0 to 65535')
const wholeMs = z.coerce.number().int('a whole number of milliseconds').min(50, 'at least 50 ms').max(600_000, 'at most 600000 ms')

const duration = z.string().regex(/^\d{1,6}[smhd]$/, 'a whole number and s, m, h or d, e.g. 24h')
const US_PER_UNIT = { s: US_PER_SECOND, m: 60 * US_PER_SECOND, h: US_PER_HOUR, d: US_PER_DAY } as const
const msOfDuration = (text: string): number => msFromUs(Number(text.slice(0, -1)) * US_PER_UNIT[text.slice(-1) as keyof typeof US_PER_UNIT])

/** Name, IPv4 or IPv6 address; a port behind it is a common slip, and the name would then not be found. */
const host = (example: string) =>
  z.string().regex(/^([\w.-]+|[\da-f]*:[\da-f:.]+(%\w+)?)$/i, `a host name or an address without a port, e.g. ${example}`)

const natsServers = z.string().refine(
  (text) =>
    text.split(',').every((part) => {
      const url = part.trim().includes('://') ? part.trim() : `nats://${part.trim()}`
      return URL.canParse(url) && /^(nats|tls|wss?):$/.test(new URL(url).protocol) && new URL(url).hostname !== ''
    }),
  'nats://host:port or tls://host:port, several separated by commas',
)

const BACKEND_NAMES = ['json', 'pb', 'parquet'] as const

const portList = z.string().transform((text, context) => {
  const ports = text.split(',').map((part) => Number(part.trim()))
  if (ports.every((one) => Number.isInteger(one) && one > 0 && one < 65_536)) return ports
  context.addIssue('port numbers separated by commas, e.g. 4002,4001')
  return z.NEVER
})

const backendList = z.string().transform((text, context) => {
  const names = text.split(',').map((part) => part.trim())
  if (names.length > 0 && names.every((name) => (BACKEND_NAMES as readonly string[]).includes(name)))
    return [...new Set(names)] as (typeof BACKEND_NAMES)[number][]
  context.addIssue(`names from ${BACKEND_NAMES.join(', ')}, separated by commas`)
  return z.NEVER
})

const trackedContracts = z.string().transform((text, context): readonly TrackedContract[] => {
  const { contracts, problems } = parseTrackedContracts(text)
  for (const problem of problems) context.addIssue(problem)
  return contracts
})

const retention = z.string().transform((text, context): RetentionSetting => {
  const setting = parseRetention(text)
  if (setting) return setting
  context.addIssue(RETENTION_FORM)
  return z.NEVER
})

const restartTime = z.string().transform((text, context) => {
  const [, hours, minutes, zone = Intl.DateTimeFormat().resolvedOptions().timeZone] =
    /^([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?$/.exec(text) ?? []
  if (hours !== undefined && isZone(zone)) return { minuteOfDay: Number(hours) * 60 + Number(minutes), zone }
  context.addIssue('HH:MM, optionally a blank and an IANA time zone, e.g. 23:45 America/New_York')
  return z.NEVER
})

const originList = z.string().transform((text, context): readonly string[] => {
  const origins = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const wrong = origins.filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
  if (wrong.length === 0) return origins
  context.addIssue(`origins separated by commas, without a path, e.g. https://example.com; not ${wrong.join(', ')}`)
  return z.NEVER
})

const hostList = z.string().transform((text, context): readonly string[] | 'any' => {
  const names = text
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')
  if (names.includes('*')) return 'any'
  const wrong = names.filter((name) => !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
  if (wrong.length === 0) return names
  context.addIssue(`host names separated by commas, without a port, e.g. ticks.example.com, or *; not ${wrong.join(', ')}`)
  return z.NEVER
})

/** Several installations may use one gateway: each asks under a number of its own, the same after every start. */
const clientIdOf = (instance: string): number =>
  instance === '' ? 851 : 852 + (createHash('sha256').update(instance).digest().readUInt32BE() % 1_000)

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket: 3 to 63 small letters, digits, dots and hyphens, e.g. my-ticks')

const keyPrefix = z.string().transform((text, context): string => {
  const parts = text.split('/').filter((part) => part !== '')
  if (parts.every((part) => /^[\w.=-]+$/.test(part) && part !== '.' && part !== '..')) return parts.map((part) => `${part}/`).join('')
  context.addIssue('names of letters, digits and ._=-, separated by /, e.g. desk-1/ticks')
  return z.NEVER
})

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

const clockStart = z.string().transform((text, context) => {
  const start = parseClockStart(text, Date.now())
  if (start) return start
  context.addIssue(
    'an ISO time with its zone, e.g. 2025-07-30T13:00:00Z, optionally @ and the real moment (ms since 1970) at which it begins',
  )
  return z.NEVER
})

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const DEFAULT_SIMULATED = '711280073:MNQ:bid_ask;last:24,265598:AAPL:bid_ask;last:24'

/** Every setting of ib-stream: its rule, its default, and what `.env.example` says of it. Children of `npm start` get the same ones. */
export const SETTINGS = {
  IB_HOST: {
    rule: host('127.0.0.1').optional(),
    doc: 'Host of IB Gateway or TWS. Unset: the simulator is the gateway, and all files go to data-sim/.',
  },
  IB_PORTS: { rule: portList.prefault('4002,4001,7497,7496'), doc: 'Gateway ports, tried in turn.' },
  IB_CLIENT_ID: {
    rule: z.coerce.number().int('a whole number').min(0, '0 or more').max(32_767, 'at most 32767').optional(),
    doc: 'API client id; unique among the programs that use this gateway. Default 851; with IB_STREAM_INSTANCE one from 852 to 1851, made of that name.',
  },
  IB_CONNECT_TIMEOUT_MS: { rule: wholeMs.prefault(15_000), doc: 'How long a connection may take until the gateway is ready, ms.' },
  IB_STREAM_LINES: {
    rule: z.coerce.number().int('a whole number').min(1, 'at least 1').max(1_000, 'at most 1000').prefault(5),
    doc: 'Tick-by-tick lines of the account: 5 % of its market data lines. Each contract and tick type takes one.',
  },
  IB_STREAM_REQUEST_GUARD_MS: {
    rule: z.coerce.number().int('a whole number of milliseconds').min(0, '0 or more').max(600_000, 'at most 600000 ms').prefault(16_000),
    doc: 'How long a stream is not asked for again, ms: IB refuses a second request within 15 s.',
  },
  IB_RESTART_TIME: {
    rule: restartTime.prefault('23:45'),
    doc: "The gateway's daily restart, HH:MM, optionally with its zone (23:45 America/New_York; else this machine's). Near it a lost connection is expected.",
  },
  IB_STREAM_BACKFILL: {
    rule: duration.prefault('3d'),
    doc: "How far back gaps are filled from IB's history by themselves, e.g. 24h, 3d; 0s: never. What is older is filled on demand: ib-stream backfill.",
  },
  IB_STREAM_CAPTURE_MAX_BYTES: {
    rule: z.coerce
      .number()
      .int('a whole number of bytes')
      .min(0, '0, or at least 1048576')
      .refine((bytes) => bytes === 0 || bytes >= 2 ** 20, '0, or at least 1048576')
      .prefault(0),
    doc: 'Most bytes of raw capture: every frame of the gateway as it came, in DATA_DIR/capture, the oldest files go first. 0: none is kept.',
  },
  IB_STREAM_TRACKED_CONTRACTS: {
    rule: trackedContracts.optional(),
    doc: 'Contracts to record, separated by commas: cid:symbol:tick_type;tick_type:hours, or instead of cid:symbol a name as in AAPL:bid_ask;last, MNQ.front or FUT MNQ CME 202612. With the simulator the default is MNQ and AAPL. Changes made while ingest runs are kept beside it.',
  },
  IB_STREAM_ROLL_DAYS: {
    rule: z.coerce.number().int('a whole number of days').min(0, '0 or more').max(90, 'at most 90').prefault(8),
    doc: 'Days before the last trading date on which a front contract (MNQ.front) moves on to the next expiry. A contract that is named by its id warns from then on.',
  },
  IB_STREAM_ROLL_OVERLAP: {
    rule: duration.prefault('12h'),
    doc: 'How long before and after it moves on both contracts are recorded, e.g. 30m, 12h, 2d.',
  },
  IB_STREAM_BACKENDS: { rule: backendList.prefault('json,pb,parquet'), doc: 'Backends that write files and that answers are read from.' },
  IB_STREAM_INSTANCE: {
    rule: z
      .string()
      .regex(/^[a-z0-9-]{0,32}$/, 'small letters, digits and -, at most 32')
      .prefault(''),
    doc: 'Name of this installation where several run on one host.',
  },
  DATA_DIR: { rule: z.string().optional(), doc: 'Where files, spool and log live. Default data/, without IB_HOST data-sim/.' },
  IB_STREAM_OVERLAY: {
    rule: z.enum(['refuse', 'allow'], 'refuse or allow').prefault('refuse'),
    doc: 'Whether DATA_DIR may lie in a container’s own layer (overlay), where locks do not reach other containers; npm start allows it.',
  },
  NATS_URL: {
    rule: natsServers.prefault('nats://127.0.0.1:4222'),
    doc: 'NATS server, 2.10 or newer, with JetStream; several of a cluster separated by commas.',
  },
  NATS_CREDENTIALS: {
    rule: z.string().optional(),
    doc: 'Folder of NATS keys as `ib-stream credentials` makes it (npm start makes it by itself): each service takes its own and may do its own work only. Unset: no keys. Containers have theirs.',
  },
  NATS_CA_FILE: {
    rule: z.string().optional(),
    doc: 'Certificates that those of the NATS server must come from; with it, or with tls:// in NATS_URL, nothing is said without TLS.',
  },
  IB_STREAM_LOG_MAX_BYTES: {
    rule: z.coerce
      .number()
      .int('a whole number of bytes')
      .min(2 ** 20, 'at least 1048576')
      .optional(),
    doc: 'Most bytes that the log (stream TICKS) may hold. Default 20 % of the disk of DATA_DIR, at most 20 GiB.',
  },
  IB_STREAM_LOG_KEEP: {
    rule: duration.prefault('24h'),
    doc: 'How long the log keeps what every backend has written, e.g. 90m, 24h, 7d; what a backend has not written is kept as long as there is room.',
  },
  IB_STREAM_RETENTION: {
    rule: retention.optional(),
    doc: 'How much of each backend `ib-stream retention`, and the keeper each hour, keeps: age (h, d) and share of the disk, or all. Default where parquet is written, which is kept for ever: json:7d;20%,pb:28d;30%; else all. An hour goes only once a longer-kept backend has it.',
  },
  KEEPER_EVERY_MS: { rule: wholeMs.prefault(10_000), doc: 'How often the keeper looks at everything and trims the log, ms.' },
  ALERT_WEBHOOK_URL: {
    rule: z.url({ protocol: /^https?$/, error: 'an http or https address' }).optional(),
    doc: 'Where the keeper posts what needs a person, as JSON with a field "text"; each alert once, and once when it is over.',
  },
  ARCHIVE_S3_BUCKET: {
    rule: bucketName.optional(),
    doc: 'Bucket of S3-compatible storage to which the keeper copies sealed Parquet days. Unset: none are copied. See docs/guides/archive.md.',
  },
  ARCHIVE_S3_PREFIX: {
    rule: keyPrefix.prefault(''),
    doc: 'What stands in front of all keys in the bucket, e.g. desk-1/ticks; each installation needs its own.',
  },
  ARCHIVE_S3_ENDPOINT: {
    rule: z
      .url({ protocol: /^https?$/, error: 'an http or https address, e.g. https://minio.example.com:9000' })
      .refine(
        (text) => !URL.canParse(text) || new URL(text).username === '',
        'an address without a user; keys go into ARCHIVE_S3_ACCESS_KEY_ID',
      ) // it is in messages
      .optional(),
    doc: 'Address of a server of your own or of another provider. Unset: AWS.',
  },
  ARCHIVE_S3_REGION: {
    rule: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/, 'the name of a region, e.g. eu-central-1')
      .prefault('us-east-1'),
    doc: 'Region of the bucket; most servers of your own take any.',
  },
  ARCHIVE_S3_PATH_STYLE: {
    rule: z.enum(['on', 'off'], 'on or off').optional(),
    doc: 'on: the bucket is in the path of addresses, off: in the host name. Default on with ARCHIVE_S3_ENDPOINT, else off.',
  },
  ARCHIVE_S3_ACCESS_KEY_ID: {
    rule: z.string().optional(),
    doc: "Key of the bucket; with ARCHIVE_S3_SECRET_ACCESS_KEY. Unset: where AWS's own programs look (AWS_… variables, ~/.aws, the role of the machine).",
  },
  ARCHIVE_S3_SECRET_ACCESS_KEY: { rule: z.string().optional(), doc: 'Its secret.' },
  ARCHIVE_EVERY_MS: { rule: wholeMs.prefault(300_000), doc: 'How often the keeper looks for sealed days that are not archived, ms.' },
  IB_STREAM_SPOOL_MAX_BYTES: {
    rule: z.coerce
      .number()
      .int('a whole number of bytes')
      .min(2 ** 26, 'at least 67108864')
      .prefault(8 * 2 ** 30),
    doc: "Most bytes of ingest's spool. At them, with NATS away or the log full, ingest stops reading the gateway.",
  },
  IB_STREAM_LOG_REPLICAS: {
    rule: z.enum(['1', '3'], '1 or 3').prefault('1'),
    doc: 'Servers of a NATS cluster that keep each stream, 1 or 3. Streams that have fewer get more; none are taken away.',
  },
  IB_STREAM_LOG_SYNC: {
    rule: z
      .string()
      .regex(/^\d{1,3}[sm]$/, 'a whole number and s or m, e.g. 10s')
      .prefault('10s'),
    doc: 'How often nats-server makes the log durable (its sync_interval); what a power cut costs is refilled from the spool. For a server of your own set there what it does.',
  },
  PORT: {
    rule: port.prefault(8851),
    doc: 'Port of query-api; npm start puts the health pages of the other services on the ports after it.',
  },
  API_URL: {
    rule: z.url({ protocol: /^https?$/, error: 'an http or https address' }).optional(),
    doc: 'Where the command line finds query-api. Default http://127.0.0.1:PORT.',
  },
  HOST: {
    rule: host('127.0.0.1').prefault('127.0.0.1'),
    doc: 'Address that query-api and the health pages listen on.',
  },
  API_KEYS_FILE: {
    rule: z.string().optional(),
    doc: 'File of API keys, a line each: name, read or admin, SHA-256 of the key. With it every request needs one. Changes count at once. See docs/guides/api-keys.md.',
  },
  API_OPEN: {
    rule: z.enum(['loopback', 'anywhere'], 'loopback or anywhere').prefault('loopback'),
    doc: 'Without API_KEYS_FILE query-api listens on the loopback address only; anywhere: also on others, because something in front of it keeps strangers out.',
  },
  API_CORS_ORIGINS: {
    rule: originList.prefault(''),
    doc: 'Origins whose web pages may use the API, separated by commas, e.g. https://example.com; none by default.',
  },
  API_REQUESTS_PER_SECOND: {
    rule: z.coerce.number().int('a whole number').min(1, 'at least 1').max(100_000, 'at most 100000').prefault(1_000),
    doc: 'Requests a second of one API key or address; five times as many may come at once.',
  },
  API_BYTES_PER_SECOND: {
    rule: z.coerce.number().int('a whole number').min(0, '0 or more').prefault(0),
    doc: 'Bytes a second that one API key or address is sent over all its connections, a minute’s at once; who has had more is asked to wait before the next answer. 0: any number.',
  },
  API_HOSTS: {
    rule: hostList.prefault(''),
    doc: 'Names with a dot by which query-api may be asked while it needs no key, separated by commas, e.g. ticks.example.com; *: any. Addresses, localhost and names without a dot always do. It keeps out web pages whose name was made to point here.',
  },
  API_STREAMS_PER_ADDRESS: {
    rule: z.coerce.number().int('a whole number').min(1, 'at least 1').max(100_000, 'at most 100000').prefault(1_000),
    doc: 'SSE streams and WebSockets that one API key, or one address where there are no keys, may have open.',
  },
  HEALTH_PORT: { rule: port.prefault(0), doc: 'Port of /health, /ready and /metrics of every other service; 0 takes a free one.' },
  CHECKPOINT_VISIBLE_MS: { rule: wholeMs.prefault(500), doc: 'How often writers show readers what they wrote, ms.' },
  CHECKPOINT_DURABLE_MS: { rule: wholeMs.prefault(10_000), doc: 'How often writers make it survive a power cut, ms.' },
  SIM_HOST: { rule: host('127.0.0.1').prefault('127.0.0.1'), doc: 'Host of the gateway simulator (used without IB_HOST).' },
  SIM_PORT: { rule: port.prefault(4002), doc: 'Port of the gateway simulator.' },
  CLOCK_START: {
    rule: clockStart.optional(),
    doc: 'Virtual time for trials: an ISO time with zone at which the clock begins; with @<ms since 1970> the real moment at which it does, which several processes then share. Unset: the real time.',
  },
  CLOCK_RATE: {
    rule: z.coerce.number().positive('above 0').max(10_000, 'at most 10000').prefault(1),
    doc: 'How many seconds of the virtual clock pass in a real one; counts only with CLOCK_START.',
  },
  LOG_LEVEL: {
    rule: z.enum(LEVELS, `one of ${LEVELS.join(', ')}`).prefault('info'),
    doc: 'Least level of the JSON log.',
  },
} as const

type Raw = { [Name in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Name]['rule']> }

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
  backends: readonly (typeof BACKEND_NAMES)[number][]
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
  logLevel: Raw['LOG_LEVEL']
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
  problems.push(...halfKeys(raw as Partial<Raw>))
  if (problems.length > 0) {
    const list = problems.map((problem) => `\n  ${problem}`).join('')
    throw new ServiceError(
      'IBS_CONFIG_INVALID',
      `these settings are wrong:${list}\nMend them in the environment or .env; .env.example tells each rule.`,
      { problems },
    )
  }
  return Object.freeze(derive(raw as Raw))
}

/** A key without its secret, or the other way; no value is said, for one is a secret. */
function halfKeys({ ARCHIVE_S3_ACCESS_KEY_ID: id, ARCHIVE_S3_SECRET_ACCESS_KEY: secret }: Partial<Raw>): string[] {
  if ((id === undefined) === (secret === undefined)) return []
  const [there, lacking] = id === undefined ? ['SECRET_ACCESS_KEY', 'ACCESS_KEY_ID'] : ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']
  return [`ARCHIVE_S3_${lacking}=: set it too, or unset ARCHIVE_S3_${there}`]
}

function archiveOf(raw: Raw): ArchiveSetting | undefined {
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

function derive(raw: Raw): Config {
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
