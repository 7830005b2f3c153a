import type { RecordingHealth, StreamHealth } from '@ib-stream/model'
import type { Condition } from './alerts.ts'

/** How long something of the recording has to last until it needs a person, ms. A gateway restarts each night, ingest with each new version. */
export const RECORDING_LIMITS = {
  awayMs: 60_000,
  publisherMs: 60_000,
  gatewayMs: 300_000,
  gapMs: 300_000,
  silentMs: 600_000,
  clockMs: 300_000,
  invalidMs: 600_000,
  foreignMs: 600_000,
} as const

/** What ingest says of its recording, as conditions: who has no Prometheus hears of the same things. */
export class RecordingWatch {
  readonly #sinceMs = new Map<string, number>()
  readonly #invalid = new Rise(RECORDING_LIMITS.invalidMs)
  readonly #foreign = new Rise(RECORDING_LIMITS.foreignMs)

  /** Ingest cannot be asked: everything stays as it is. */
  unseen(): Condition[] {
    return NAMES.map((alert) => ({ alert, firing: undefined, summary: '' }))
  }

  /**
   * @param health what ingest answered now; undefined: nothing, although the bus is there
   * @param nowMs any clock that only rises, ms
   */
  look(health: RecordingHealth | undefined, nowMs: number): Condition[] {
    const lasts = (alert: string, is: boolean, limitMs: number): boolean => {
      if (!is) this.#sinceMs.delete(alert)
      else if (!this.#sinceMs.has(alert)) this.#sinceMs.set(alert, nowMs)
      return is && nowMs - (this.#sinceMs.get(alert) ?? nowMs) >= limitMs
    }
    const away = {
      alert: 'ingest_away',
      firing: lasts('ingest_away', health === undefined, RECORDING_LIMITS.awayMs),
      summary: health ? 'ingest answers' : 'ingest does not answer, so nothing is recorded; look at its log',
    }
    if (!health) return [away, ...this.unseen().slice(1)]
    const { gateway, clock, streams, invalidFrames = 0, publisher } = health
    const sawInvalid = this.#invalid.isRecent(invalidFrames, nowMs)
    const sawForeign = this.#foreign.isRecent(publisher?.foreignMet ?? 0, nowMs)
    const stuck = STUCK[publisher?.state ?? '']
    const gaps = streams.filter((stream) => stream.gap !== undefined && isTrading(stream))
    const silent = streams.filter((stream) => stream.health === 'unhealthy' && stream.gap === undefined && isTrading(stream))
    return [
      away,
      {
        alert: 'publisher_stuck',
        firing: lasts('publisher_stuck', stuck !== undefined, RECORDING_LIMITS.publisherMs),
        summary: stuck === undefined ? 'ticks come into the log' : `ticks do not come into the log (${publisher?.state}): ${stuck}`,
      },
      {
        alert: 'foreign_messages',
        firing: sawForeign,
        summary: sawForeign
          ? 'somebody else publishes to the log (stream TICKS): nothing is lost, but such messages are recorded too; find who it is, and give services keys'
          : 'nobody else publishes to the log',
      },
      {
        alert: 'gateway_down',
        firing: lasts('gateway_down', gateway !== 'ready', RECORDING_LIMITS.gatewayMs),
        summary:
          gateway === 'ready'
            ? 'the gateway takes requests'
            : `the gateway is ${gateway}, so nothing is recorded; look at ingest's health for the reason`,
      },
      {
        alert: 'gap_open',
        firing: lasts('gap_open', gaps.length > 0, RECORDING_LIMITS.gapMs),
        summary:
          gaps.length === 0 ? 'no gap is open' : `ticks are missing while the market trades: ${list(gaps, ({ gap }) => gap?.reason)}`,
      },
      {
        alert: 'stream_silent',
        firing: lasts('stream_silent', silent.length > 0, RECORDING_LIMITS.silentMs),
        summary:
          silent.length === 0
            ? 'every stream is recorded'
            : `nothing is recorded while the market trades: ${list(silent, ({ reason }) => reason)}`,
      },
      {
        alert: 'clock_off',
        firing: lasts('clock_off', clock.state === 'differs', RECORDING_LIMITS.clockMs),
        summary:
          clock.state === 'differs'
            ? "this machine's clock and IB's are more than a second apart; look after NTP"
            : "the clock agrees with IB's",
      },
      {
        alert: 'invalid_frames',
        firing: sawInvalid,
        summary: sawInvalid
          ? 'the gateway sent what is no valid tick; it is kept in the stream INVALID, please report it'
          : 'the gateway sends valid ticks',
      },
    ]
  }
}

/** Whether a count rose lately. It begins anew with each ingest; what the first look finds may be long ago. */
class Rise {
  readonly #withinMs: number
  #count: number | undefined
  #roseMs = Number.NEGATIVE_INFINITY

  constructor(withinMs: number) {
    this.#withinMs = withinMs
  }

  isRecent(count: number, nowMs: number): boolean {
    if (this.#count !== undefined && count > this.#count) this.#roseMs = nowMs
    this.#count = count
    return nowMs - this.#roseMs < this.#withinMs
  }
}

/** States of the publisher that end by somebody's doing only, and what that is. A log that is full or away has alerts of its own. */
const STUCK: Record<string, string> = {
  spool_failed: "the disk of ingest's spool takes no writes; look at DATA_DIR, ingest goes on by itself when it does",
  spool_full: "ingest's spool holds as much as it may; look at nats-server, or raise IB_STREAM_SPOOL_MAX_BYTES",
  spool_slow: "the disk of ingest's spool is too slow, and the gateway is not read meanwhile",
  refused: "the log is not ours, or differs; ingest's log says why and what to do",
}

const NAMES = [
  'ingest_away',
  'publisher_stuck',
  'foreign_messages',
  'gateway_down',
  'gap_open',
  'stream_silent',
  'clock_off',
  'invalid_frames',
] as const

/** Where it is not known whether the market is open, ticks may be missing. */
const isTrading = ({ market }: StreamHealth): boolean => market !== 'closed'

const MOST_LISTED = 5

function list(streams: readonly StreamHealth[], why: (stream: StreamHealth) => string | undefined): string {
  const named = streams.slice(0, MOST_LISTED).map((stream) => `${stream.symbol} ${stream.tt} (${why(stream) ?? 'no reason given'})`)
  const more = streams.length - named.length
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
