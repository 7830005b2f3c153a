import type { MarketStatus } from '@ib-stream/calendar'
import { type StreamHealth, type TickMessage, type TickType, type TradeTick, US_PER_MS, usFromMs } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import type { OpenGap } from '../gaps/gap-tracker.ts'
import type { StreamStatus } from '../recorder-options.ts'
import type { StateFile } from '../state-file.ts'
import { Escalation, type Remedy } from './escalation.ts'
import { healthOf } from './health-of.ts'
import { type KeptPace, keptPace, type Phase, UsualPace } from './usual-pace.ts'

const LOOK_EVERY_MS = 5_000
const KEEP_EVERY_MS = 300_000
/** A tick that comes this long after a remedy does not come because of it: the silence was the stream's own. */
const OF_ITS_OWN_AFTER_MS = 30_000
/** A stream that had a tick this lately flows. */
const FLOWS_MS = 60_000

/** What the watch needs of the recorder. */
export interface WatchedRecorder {
  readonly state: string
  /** The gateway is not read now: silence says nothing. */
  readonly isHeld: boolean
  readonly streams: readonly StreamStatus[]
  readonly openGaps: ReadonlyMap<number, OpenGap>
  restartStream(rid: number, reason: string): void
  resetConnection(reason: string): void
  endSilence(rid: number): void
}

export interface StalenessWatchOptions {
  clock: Clock
  recorder: WatchedRecorder
  /** How busy streams usually are, for the next start. */
  file: StateFile
  marketOf: (cid: number, nowUs: number) => MarketStatus
  /** A remedy is tried, or a stream for which a person was called is well again. */
  onRemedy: (stream: { cid: number; tt: TickType; symbol: string }, remedy: Remedy | 'resolved', reason: string) => void
}

interface Watched {
  cid: number
  pace: UsualPace
  escalation: Escalation
  market: MarketStatus
  phase: Phase | undefined
  /** From here on silence counts: the last tick, the beginning of the phase, or the subscription. µs of the steady clock, as all spans here: the other may stand still for hours */
  sinceUs: number
  /** A tick came since `sinceUs` was set by something else. */
  isFlowing: boolean
  wasSubscribed: boolean
  /** Its last trade said that trading is halted. */
  isHalted: boolean
}

/**
 * Watches every stream for silence that is none of its own: while its market trades, for longer than it usually is, judged by its last hour. Loop: one look each
 * five seconds of the clock; remedies are spaced by `Escalation`.
 */
export class StalenessWatch {
  readonly #options: StalenessWatchOptions
  readonly #watched = new Map<number, Watched>()
  readonly #kept: Map<number, KeptPace>
  readonly #timers: Timer[]
  #lookedUs: number

  constructor(options: StalenessWatchOptions) {
    this.#options = options
    this.#lookedUs = options.clock.steadyUs()
    this.#kept = new Map(pacesIn(options.file.read()))
    this.#timers = [options.clock.every(LOOK_EVERY_MS, () => this.look()), options.clock.every(KEEP_EVERY_MS, () => this.#keep())]
  }

  /** A tick of a stream was recorded; called for each, so it does next to nothing. @param nowUs when it was read, µs of the steady clock */
  heard(tick: TickMessage, nowUs: number): void {
    const watched = this.#watched.get(tick.rid) ?? this.#begin(tick.rid, tick.cid, nowUs)
    if (watched.isFlowing && !watched.isHalted) this.#learn(watched, nowUs)
    watched.sinceUs = nowUs
    watched.isFlowing = true
    if (tick.tt === 'last' || tick.tt === 'all_last') this.#heardTrade(watched, tick, nowUs)
  }

  /** Counts a silence that was the stream's own. One that was taken for a fault and was none counts too, but triples at most what is allowed. */
  #learn({ phase, pace, sinceUs, escalation }: Watched, nowUs: number): void {
    if (!phase) return
    const nowMs = nowUs / US_PER_MS
    const silenceMs = (nowUs - sinceUs) / US_PER_MS
    if (escalation.step === 0) pace.heard(phase, silenceMs, nowMs)
    else if (nowMs - escalation.triedMs > OF_ITS_OWN_AFTER_MS) pace.heard(phase, Math.min(silenceMs, pace.allowedMs(phase)), nowMs)
  }

  #heardTrade(watched: Watched, trade: TradeTick, nowUs: number): void {
    const wasHalted = watched.isHalted
    watched.isHalted = isHalt(trade) && !wasHalted
    if (!wasHalted || watched.isHalted) return
    for (const other of this.#watched.values()) if (other.cid === watched.cid && other !== watched) this.#restart(other, nowUs)
  }

  /** Judges every stream, and does what is due. */
  look(): void {
    const { clock, recorder } = this.#options
    const nowUs = clock.steadyUs()
    this.#forgivePause(nowUs)
    const streams = recorder.streams
    const rids = new Set(streams.map(({ rid }) => rid))
    for (const rid of this.#watched.keys()) if (!rids.has(rid)) this.#watched.delete(rid)
    if (recorder.isHeld) return this.#beginAnew(nowUs)
    for (const stream of streams) this.#update(stream, nowUs)
    for (const stream of streams) this.#judge(stream, nowUs)
  }

  #beginAnew(nowUs: number): void {
    for (const watched of this.#watched.values()) {
      watched.sinceUs = nowUs
      watched.isFlowing = false
    }
  }

  /** A look that comes late was held up together with the ticks: while this process was busy or stopped nothing could be heard, which is no silence of a stream. */
  #forgivePause(nowUs: number): void {
    const lateUs = nowUs - this.#lookedUs - usFromMs(LOOK_EVERY_MS)
    this.#lookedUs = nowUs
    if (lateUs < usFromMs(LOOK_EVERY_MS)) return
    for (const watched of this.#watched.values()) watched.sinceUs = Math.min(nowUs, watched.sinceUs + lateUs)
  }

  /** What is known of each stream now. */
  get streams(): readonly StreamHealth[] {
    const { clock, recorder } = this.#options
    const [nowUs, steadyUs] = [clock.nowUs(), clock.steadyUs()]
    const isWhole = recorder.state === 'ready'
    return recorder.streams.map((stream) => {
      const { cid, tt, symbol, tracked, state, ticks, lastStUs } = stream
      const { market = 'unknown', phase, escalation, sinceUs = steadyUs } = this.#watched.get(stream.rid) ?? {}
      const gap = recorder.openGaps.get(stream.rid)
      const silentMs = phase === undefined ? undefined : (steadyUs - sinceUs) / US_PER_MS
      const allowedMs = this.#allowedMs(stream.rid)
      const heardMs = lastStUs === undefined ? undefined : (nowUs - lastStUs) / US_PER_MS
      const judged = healthOf({ stream, isWhole, market, silentMs, allowedMs, heardMs, step: escalation?.step ?? 0, gap, nowUs })
      return {
        cid,
        tt,
        symbol,
        tracked,
        ...judged,
        subscription: state,
        market,
        ticks,
        ...(lastStUs !== undefined && { lastStUs }),
        ...(silentMs !== undefined && { silentSeconds: Math.round(silentMs / 1_000) }),
        ...(allowedMs !== undefined && { allowedSilenceSeconds: Math.round(allowedMs / 1_000) }),
        ...(gap && { gap: { fromUs: gap.fromUs, cause: gap.cause, reason: gap.reason } }),
      }
    })
  }

  close(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#keep()
  }

  /** Silence counts anew when the market changes its phase, and when the stream is asked for. */
  #update({ rid, cid, state }: StreamStatus, nowUs: number): void {
    const watched = this.#watched.get(rid) ?? this.#begin(rid, cid, nowUs)
    const market = this.#options.marketOf(cid, this.#options.clock.nowUs())
    const phase = phaseOf(market)
    const isSubscribed = state === 'subscribed'
    if (phase !== watched.phase || (isSubscribed && !watched.wasSubscribed && watched.escalation.step === 0)) this.#restart(watched, nowUs)
    Object.assign(watched, { market, phase, wasSubscribed: isSubscribed } satisfies Partial<Watched>)
  }

  #begin(rid: number, cid: number, nowUs: number): Watched {
    const watched: Watched = {
      cid,
      pace: new UsualPace(this.#kept.get(rid)),
      escalation: new Escalation(),
      market: 'unknown',
      phase: undefined,
      sinceUs: nowUs,
      isFlowing: false,
      wasSubscribed: false,
      isHalted: false,
    }
    this.#watched.set(rid, watched)
    return watched
  }

  #restart(watched: Watched, nowUs: number): void {
    watched.sinceUs = Math.max(watched.sinceUs, nowUs)
    watched.isFlowing = false
  }

  #judge(stream: StreamStatus, nowUs: number): void {
    const watched = this.#watched.get(stream.rid)
    const allowedMs = this.#allowedMs(stream.rid)
    if (!watched) return
    const { escalation, phase, sinceUs } = watched
    const silentMs = (nowUs - sinceUs) / US_PER_MS
    if (escalation.step > 0 && (phase === undefined || (silentMs < FLOWS_MS && sinceUs / US_PER_MS > escalation.triedMs)))
      this.#recovered(stream, watched)
    if (phase === undefined) return
    const isJudged = this.#options.recorder.state === 'ready' && stream.state === 'subscribed' && !this.#isHalted(stream.cid)
    if (!isJudged || allowedMs === undefined || silentMs <= allowedMs) return
    const nowMs = nowUs / US_PER_MS
    const remedy = this.#fitting(escalation.due(nowMs), nowUs, escalation)
    if (remedy) this.#treat(stream, { remedy, nowMs, allowedMs, silentMs })
  }

  #treat(
    stream: StreamStatus,
    { remedy, nowMs, allowedMs, silentMs }: { remedy: Remedy; nowMs: number; allowedMs: number; silentMs: number },
  ): void {
    const { recorder, onRemedy } = this.#options
    const { rid, symbol, tt } = stream
    const reason = `${symbol} ${tt} is silent for ${Math.round(silentMs / 1_000)} s while its market trades; it is usually never for more than ${Math.round(allowedMs / 1_000)} s`
    onRemedy(stream, remedy, reason)
    if (remedy === 'reset_connection') {
      // It is one for all that are silent.
      for (const { escalation } of this.#watched.values()) if (escalation.step > 0) escalation.tried(remedy, { nowMs, allowedMs })
      return recorder.resetConnection(reason)
    }
    this.#watched.get(rid)?.escalation.tried(remedy, { nowMs, allowedMs })
    if (remedy !== 'restart_stream') return
    recorder.restartStream(rid, reason)
  }

  /** A connection on which others flow is reset for the sake of one once; later it is only asked for anew. */
  #fitting(remedy: Remedy | undefined, nowUs: number, escalation: Escalation): Remedy | undefined {
    if (remedy !== 'reset_connection' || escalation.step < 2) return remedy
    const othersFlow = [...this.#watched.values()].some(({ isFlowing, sinceUs }) => isFlowing && nowUs - sinceUs < FLOWS_MS * US_PER_MS)
    return othersFlow ? 'restart_stream' : remedy
  }

  #recovered(stream: StreamStatus, watched: Watched): void {
    const { recorder, onRemedy } = this.#options
    const isClosed = watched.phase === undefined
    if (watched.escalation.isAlerted) onRemedy(stream, 'resolved', isClosed ? 'its market is closed' : 'ticks come again')
    watched.escalation.end()
    if (isClosed) recorder.endSilence(stream.rid)
  }

  /** A halt is told by the trades of a contract and silences all its streams. */
  #isHalted(cid: number): boolean {
    return this.#options.recorder.streams.some((stream) => stream.cid === cid && this.#watched.get(stream.rid)?.isHalted === true)
  }

  #allowedMs(rid: number): number | undefined {
    const watched = this.#watched.get(rid)
    return watched?.phase && watched.pace.allowedMs(watched.phase)
  }

  #keep(): void {
    for (const [rid, { pace }] of this.#watched) this.#kept.set(rid, pace.kept)
    this.#options.file.write(Object.fromEntries([...this.#kept].slice(-MOST_KEPT)))
  }
}

/** Streams whose pace is remembered. */
const MOST_KEPT = 1_000

const phaseOf = (market: MarketStatus): Phase | undefined =>
  market === 'open' ? 'open' : market === 'pre_market' || market === 'after_hours' ? 'extended' : undefined

/** IB's way to say that a contract is halted, and the next time that it is not any more. */
const isHalt = (tick: { p: number; s?: number; pl?: true }): boolean => tick.p === 0 && (tick.s ?? 0) === 0 && tick.pl === true

function pacesIn(value: unknown): [number, KeptPace][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([rid, kept]): [number, KeptPace][] => {
    const pace = keptPace(kept)
    return pace ? [[Number(rid), pace]] : []
  })
}
