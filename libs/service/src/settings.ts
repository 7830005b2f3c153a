import { z } from 'zod'
import {
  backendList,
  bucketName,
  clockStart,
  duration,
  host,
  hostList,
  keyPrefix,
  natsServers,
  originList,
  port,
  portList,
  restartTime,
  retention,
  trackedContracts,
  wholeMs,
} from './setting-rules.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

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

/** All of them, each as its rule gives it. */
export type RawSettings = { [Name in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Name]['rule']> }
