import type { Condition } from './alerts.ts'
import type { PurgePlan } from './plan-purge.ts'
import type { BackendSight, Sight } from './sight.ts'

/** From when on something needs a person. */
export const LIMITS = {
  /** Share of `max_bytes` that the log may fill. */
  logFull: 0.7,
  /** The disk is low below this share of it, but not while more than the bytes are free. */
  diskFreeShare: 0.1,
  diskFreeBytes: 10 * 2 ** 30,
  lagSeconds: 60,
  stillMs: 30_000,
  /** A backend that is new, or a restart of ingest, blocks for a while. */
  trimBlockedMs: 600_000,
  /** A server that was restarted has to catch up. */
  followerMs: 120_000,
} as const
export type Limits = { readonly [Name in keyof typeof LIMITS]: number }

/** Every condition, in a list that is always the same; each summary says what to do. */
export function conditionsOf(sight: Sight, plan: PurgePlan | undefined, limits: Limits = LIMITS): Condition[] {
  return [
    busAway(sight),
    diskLow(sight, limits),
    logFull(sight, plan, limits),
    followerBehind(sight, limits),
    trimBlocked(sight, plan, limits),
    spoolUnsent(sight),
    ...sight.backends.flatMap((one) => ofBackend(one, sight, limits)),
  ]
}

function busAway({ log }: Sight): Condition {
  return {
    alert: 'log_away',
    firing: log === undefined,
    summary: 'the log (stream TICKS) cannot be reached or is not there; look at nats-server and ingest',
  }
}

function diskLow({ disk: { freeBytes, totalBytes } }: Sight, limits: Limits): Condition {
  const firing = freeBytes < Math.min(limits.diskFreeShare * totalBytes, limits.diskFreeBytes)
  return {
    alert: 'disk_low',
    firing,
    summary: `${gib(freeBytes)} of ${gib(totalBytes)} are free on the disk of DATA_DIR; make room before it is full`,
  }
}

function logFull({ log }: Sight, plan: PurgePlan | undefined, limits: Limits): Condition {
  const share = log && log.maxBytes > 0 ? log.bytes / log.maxBytes : 0
  const why = plan?.do === 'blocked' ? `it is not trimmed: ${plan.reason}` : 'it holds what is younger than IB_STREAM_LOG_KEEP'
  const summary = `the log is ${percent(share)} full; ${why}. At 100 % ingest keeps everything in its spool`
  return { alert: 'log_full', firing: log && share >= limits.logFull, summary }
}

function followerBehind({ log }: Sight, limits: Limits): Condition {
  const behind = (log?.behind ?? []).filter(({ forMs }) => forMs >= limits.followerMs)
  const named = behind.map(({ server, lagMessages }) => `${server} (${lagMessages} messages behind)`).join(', ')
  return {
    alert: 'follower_behind',
    firing: log && behind.length > 0,
    summary:
      behind.length === 0
        ? 'every server of the cluster keeps the log'
        : `the log is not kept by ${named}: one more server that fails stops it; start that nats-server, or start it again where it runs`,
  }
}

function trimBlocked({ log, trimBlockedMs }: Sight, plan: PurgePlan | undefined, limits: Limits): Condition {
  const why = plan?.do === 'blocked' ? `the log is not trimmed, so it grows: ${plan.reason}` : 'the log is trimmed'
  return { alert: 'trim_blocked', firing: log && trimBlockedMs !== undefined && trimBlockedMs >= limits.trimBlockedMs, summary: why }
}

function spoolUnsent({ unsentSpoolBytes: bytes }: Sight): Condition {
  const summary = `${gib(bytes ?? 0)} of ingest's spool are not in the log; look at ingest's health: log_full, refused, or a slow server`
  return { alert: 'spool_unsent', firing: bytes === undefined ? undefined : bytes > 0, summary }
}

function ofBackend({ backend, owners, lagMessages, lagSeconds }: BackendSight, { log }: Sight, limits: Limits): Condition[] {
  const still = owners.filter(({ stillMs }) => stillMs >= limits.stillMs)
  const frozen = still.filter(({ locked }) => locked === true).map(({ partition }) => partition)
  const free = still.filter(({ locked }) => locked === false).map(({ partition }) => partition)
  const broken = owners.filter(({ problem }) => problem !== undefined)
  const seen = (firing: boolean) => (log === undefined ? undefined : firing)
  const ahead = owners.filter(({ seq = 0 }) => log !== undefined && seq > log.lastSeq)
  const of = (alert: string, firing: boolean | undefined, summary: string): Condition => ({ alert: `${alert} ${backend}`, firing, summary })
  return [
    of(
      'writer_lag',
      seen(lagSeconds > limits.lagSeconds),
      `${backend} is ${lagMessages} messages, ${Math.round(lagSeconds)} s behind the log; look at its writer's health`,
    ),
    of(
      'owner_stale',
      seen(frozen.length > 0),
      `lock held but checkpoint stale: partitions ${frozen.join()} of ${backend}; end the writer that hangs, another takes over`,
    ),
    of(
      'no_owner',
      seen(free.length > 0),
      `nobody writes partitions ${free.join()} of ${backend}; start its writer, or take ${backend} out of IB_STREAM_BACKENDS`,
    ),
    of(
      'checkpoint',
      broken.length > 0,
      `${broken.map(({ partition, problem }) => `partition ${partition}: ${problem}`).join('; ')}; docs/reference/errors.md says what to do`,
    ),
    of(
      'log_behind',
      seen(ahead.length > 0),
      `the log ends below partitions ${ahead.map(({ partition }) => partition).join()} of ${backend}: it lost its tail; ingest refills it`,
    ),
  ]
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`
const percent = (share: number): string => `${Math.round(100 * share)} %`
