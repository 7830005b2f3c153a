import { BUCKETS, EVENTS, INVALID, TICKS } from '../stream-configs.ts'
import { TRIM_LOG } from '../trim-log.ts'

/** Everybody who has a key of their own. The name is that of the connection and of the folder of its key. */
export const BUS_USERS = ['ingest', 'writer-json', 'writer-proto', 'writer-parquet', 'keeper', 'query-api', 'cli'] as const
export type BusUser = (typeof BUS_USERS)[number]

/** What one user may do, subject by subject; all else is refused by the server. */
export interface Permissions {
  publish: readonly string[]
  subscribe: readonly string[]
}

/** Who comes without a key sees the live bus and can do nothing. */
export const VIEWER: Permissions = { publish: [], subscribe: ['ticks.>', 'ib.events.>'] }

/** Where answers to a user's requests come; nobody else hears them. */
export const inboxPrefix = (user: string): string => `_INBOX_${user}`

/**
 * Where answers come that may take hours (repair, backfill). A server lets a service answer any request for a while only (`allow_responses`), but may always publish below
 * this; only the asker hears it.
 */
export const repliesPrefix = (user: string): string => `${REPLIES}.${user}`

const REPLIES = 'ib.replies'

/** What a user is for, with every subject that its code uses. The tests run each service under these. */
export const BUS_PERMISSIONS: Record<BusUser, Permissions> = {
  ingest: {
    publish: [
      'ticks.*.*',
      'ib.events.*',
      'ticks_invalid.*',
      ...says('alert', 'publisher'),
      ...[TICKS, EVENTS, INVALID, ...BUCKETS.map(bucketStream)].flatMap(makes),
      `$JS.API.STREAM.PURGE.${TICKS}`,
      ...reads(TICKS),
      ...reads(EVENTS),
      ...BUCKETS.flatMap((bucket) => [...readsBucket(bucket), `$KV.${bucket}.>`]),
      `${REPLIES}.>`,
    ],
    subscribe: ['ib.subscribe.*.*', 'ib.contracts.*', 'ib.backfill', TRIM_LOG, ...own('ingest')],
  },
  'writer-json': writer('json', 'writer-json'),
  'writer-proto': writer('pb', 'writer-proto'),
  'writer-parquet': writer('parquet', 'writer-parquet'),
  keeper: {
    publish: [
      ...says('alert'),
      `$JS.API.STREAM.INFO.${TICKS}`,
      `$JS.API.STREAM.INFO.${EVENTS}`,
      `$JS.API.STREAM.MSG.GET.${TICKS}`,
      `$JS.API.STREAM.UPDATE.${TICKS}`,
      TRIM_LOG,
      'ib.admin.*.*',
      '$SRV.STATS.ingest',
    ],
    subscribe: own('keeper'),
  },
  'query-api': {
    publish: [
      ...reads(TICKS),
      ...reads(EVENTS),
      ...readsBucket('tracked'),
      '$KV.tracked.>',
      'ib.subscribe.*.*',
      'ib.contracts.*',
      '$SRV.STATS',
      '$SRV.STATS.*',
    ],
    subscribe: own('query-api'),
  },
  cli: {
    publish: [
      ...reads(TICKS),
      ...reads(EVENTS),
      ...readsBucket('tracked'),
      '$KV.tracked.>',
      'ib.subscribe.*.*',
      'ib.contracts.*',
      'ib.backfill',
      'ib.admin.*.*',
      '$SRV.>',
    ],
    subscribe: ['ticks.>', 'ib.events.>', 'ib.ops.>', ...own('cli')],
  },
}

function writer(backend: string, user: BusUser): Permissions {
  return {
    publish: [
      ...reads(TICKS),
      ...reads(EVENTS),
      'ticks_invalid.*',
      ...says('log_gap', 'checkpoint_rebuilt', 'seeded', 'owner_stale'),
      `${REPLIES}.>`,
    ],
    subscribe: [`ib.admin.${backend}.*`, ...own(user)],
  }
}

/** A stream's messages and state, by pull consumers without acknowledgements. */
export function reads(stream: string): string[] {
  const consumers = ['CREATE', 'INFO', 'DELETE', 'MSG.NEXT'].map((verb) => `$JS.API.CONSUMER.${verb}.${stream}.>`)
  // A consumer of several subjects is made without its name in the request.
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}`, ...consumers]
}

export function readsBucket(bucket: string): string[] {
  const stream = bucketStream(bucket)
  return [...reads(stream), `$JS.API.DIRECT.GET.${stream}.>`, `$JS.FC.${stream}.>`]
}

/** Makes a stream, and changes its configuration; nobody may remove one. */
export function makes(stream: string): string[] {
  return ['INFO', 'CREATE', 'UPDATE'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`)
}

function bucketStream(bucket: string): string {
  return `KV_${bucket}`
}

function says(...kinds: string[]): string[] {
  return kinds.map((kind) => `ib.ops.${kind}`)
}

/** Its own answers, and the services protocol for itself. */
function own(user: BusUser): string[] {
  const found = ['PING', 'INFO', 'STATS'].flatMap((verb) => [`$SRV.${verb}`, `$SRV.${verb}.${user}`, `$SRV.${verb}.${user}.*`])
  return [`${inboxPrefix(user)}.>`, `${repliesPrefix(user)}.>`, ...(user === 'cli' || user === 'query-api' ? [] : found)]
}
