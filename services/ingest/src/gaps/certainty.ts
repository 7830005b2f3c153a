import { usFromMs } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'
import { FarmWatch, type LostFarm } from '../connection/farm-watch.ts'
import type { ConnectionEvent } from '../connection/transitions.ts'
import type { TickStream } from '../decode-tick.ts'
import type { RecordedStream, RecordedStreams } from '../recorded-streams.ts'
import type { RecorderLog } from '../recorder-log.ts'
import type { DesiredStream } from '../subscriptions/line-plan.ts'
import { CAUSES } from './gap-causes.ts'
import { GapLedger } from './gap-ledger.ts'
import type { OpenGap } from './gap-tracker.ts'
import { QuietChecks } from './quiet-checks.ts'

export interface CertaintyOptions {
  clock: Clock
  streams: RecordedStreams
  log: Pick<RecorderLog, 'head' | 'gap'>
  /** Whether what IB sends reaches us now. */
  isWhole(): boolean
  /** The stream was asked for, and nothing was said against it. */
  isSubscribed(rid: number): boolean
  /** Since when ticks of a stream are missing that is desired for the first time; undefined where it was not recorded before. */
  missedAtStart(stream: DesiredStream): OpenGap | undefined
  /** Ends the request of a stream and asks for it anew: nothing shows that IB still serves it. */
  askAnew(stream: TickStream, reason: string): void
  /** A gap was opened or ended. */
  onChange(): void
}

/** A gateway that answers no question takes requests all the same, and later than this the one before has no tick any more. */
const MOST_TAKING_MS = 30_000
const LEFT_QUIET = 'nothing came of it after a gap, and nobody wants it any more'
const LEFT_UNREAD = 'the gateway was not read because the spool takes nothing, and nobody wants the stream any more'
const NEVER_HEARD = 'ingest was not running, and the stream had no tick since it was asked for'

/** Knows for each stream up to when no tick can be missing, and so when a gap begins and when it is over. */
export class Certainty {
  readonly #options: CertaintyOptions
  readonly #gaps: GapLedger
  readonly #quiet: QuietChecks
  readonly #farms: FarmWatch
  /** Streams that were asked for anew because they were silent: standing quiet does not clear them. */
  readonly #suspects = new Set<number>()
  /** Streams whose request outlived a loss (1102, a farm that came back): IB was seen to keep such a request and to send nothing. */
  readonly #unproven = new Set<number>()
  /** Streams that never had a tick, or none since a gap of theirs ended because they stood quiet: that they were only quiet is not shown. Since when, µs. */
  readonly #presumedQuiet = new Map<number, number>()
  /** Streams that were asked for in this run. */
  readonly #asked = new Set<number>()
  /** Streams that were asked for in this session, and when those that were asked for more than once were so last, µs of the steady clock. */
  readonly #askedHere = new Set<number>()
  readonly #askedAgainUs = new Map<number, number>()
  /** Why IB is not heard, while it is not. */
  #loss: Omit<OpenGap, 'fromUs'> | undefined
  #lastHeardUs: number
  /** The gateway answers by itself while it is cut off from IB; only ticks show that IB was heard. */
  #lastTickUs: number
  /** The gateway has taken every request that was sent before, µs of the steady clock. */
  #takenUpToUs = Number.NEGATIVE_INFINITY

  constructor(options: CertaintyOptions) {
    const { clock, log, onChange } = options
    this.#options = options
    this.#lastHeardUs = clock.stampUs()
    this.#lastTickUs = this.#lastHeardUs
    this.#gaps = new GapLedger({ head: () => log.head(), publish: (event) => log.gap(event), onChange })
    this.#quiet = new QuietChecks({
      clock,
      isOpen: (rid) => this.#gaps.open.has(rid),
      isOnlyQuiet: (rid) => this.#standsQuietly(rid) && !this.#farms.isBroken,
      takenUpToUs: () => this.#takenUpToUs,
      onQuiet: (stream) => this.#standsQuiet(stream),
    })
    this.#farms = new FarmWatch(clock, {
      silent: (sinceUs, farm) => this.#declareSilent(sinceUs, farm),
      well: () => this.checkAllQuiet(),
      onChange,
    })
  }

  /** Times without certainty that go on now, by request id. */
  get openGaps(): ReadonlyMap<number, OpenGap> {
    return this.#gaps.open
  }

  /** What is missing of a stream if this run ends now without another word; undefined: nothing up to its end. */
  missedOf(rid: number): OpenGap | undefined {
    const presumedUs = this.#presumedQuiet.get(rid)
    const ifSilent = presumedUs === undefined ? undefined : ({ fromUs: presumedUs, cause: 'ingest_down', reason: NEVER_HEARD } as const)
    return this.openGaps.get(rid) ?? ifSilent ?? this.#ifFarmSilent(rid)
  }

  /** Whatever came of the stream since, nobody may be left to see when it fell silent. */
  #ifFarmSilent(rid: number): OpenGap | undefined {
    const stream = this.#options.streams.of(rid)
    const farm = stream && this.#farms.lostFor(stream.lastStUs)
    return farm && { ...gapOf(farm), fromUs: Math.max(stream.desiredUs, Math.min(stream.lastStUs ?? farm.lostUs, farm.lostUs)) }
  }

  /** The gateway said something, whatever it was. */
  hearGateway(readUs: number): void {
    this.#lastHeardUs = readUs
  }

  /** A tick is on its way into the log. For every tick. */
  hearTick(rid: number, stUs: number): void {
    this.#lastTickUs = stUs
    if (this.#suspects.size > 0) this.#suspects.delete(rid)
    if (this.#presumedQuiet.size > 0 && this.#presumedQuiet.delete(rid)) this.#options.onChange()
  }

  /** The gateway has taken every request of this session that was made up to then, µs of the steady clock. */
  hearAnswer(takenUpToUs: number): void {
    this.#takenUpToUs = takenUpToUs
  }

  /** The stream was asked for again, and the gateway may still be at the request before it: a tick of that one ends no gap. */
  awaits(rid: number): boolean {
    const askedUs = this.#askedAgainUs.get(rid) ?? Number.NEGATIVE_INFINITY
    return askedUs > this.#takenUpToUs && this.#options.clock.steadyUs() < askedUs + usFromMs(MOST_TAKING_MS)
  }

  /** One of IB's messages that belong to no request. */
  hearNotice(code: number, message: string): void {
    this.#farms.hear(code, message)
  }

  /** From `atUs` on nothing is missing of the stream. @returns whether a gap was open */
  end(stream: TickStream, atUs: number = this.#options.clock.stampUs()): boolean {
    this.#unproven.delete(stream.rid)
    return this.#gaps.end(stream, atUs)
  }

  /**
   * Nobody desires the stream any more, and what speaks against its last silence is told now or never.
   * @param isRead what the gateway has sent is read; else the stream's last ticks still wait, and nobody takes them later
   */
  leave(stream: RecordedStream, isRead: boolean): void {
    this.#farms.lapse()
    const presumedUs = this.#presumedQuiet.get(stream.rid) ?? stream.desiredUs
    if (presumedUs > stream.desiredUs) this.#begin(stream, { fromUs: presumedUs, cause: 'stale', reason: LEFT_QUIET })
    if (!isRead) this.#begin(stream, { fromUs: this.#lastHeardUs, cause: 'spool_full', reason: LEFT_UNREAD })
    this.end(stream)
    this.#suspects.delete(stream.rid)
    this.#presumedQuiet.delete(stream.rid)
  }

  /** Ends every gap: what is missing up to now is declared now. */
  endAll(): void {
    for (const stream of this.#options.streams.all) this.end(stream)
  }

  /**
   * Streams are desired for the first time: what an earlier run recorded ends somewhere, and from there on ticks are missing until the stream is asked for again; while IB is
   * not heard they are missing of every other one since it is desired.
   */
  declareDown(): void {
    for (const stream of this.#options.streams.all) {
      const gap = this.#asked.has(stream.rid) ? undefined : this.#options.missedAtStart(stream)
      if (gap) this.#gaps.begin(stream, gap)
      else if (this.#loss && !this.#options.isWhole()) this.#begin(stream, { fromUs: lastGoodOf(stream), ...this.#loss })
    }
  }

  /** The stream got no line. */
  lackLine(stream: DesiredStream): void {
    const recorded = this.#options.streams.of(stream.rid)
    if (recorded) this.#begin(recorded, { fromUs: lastGoodOf(recorded), cause: 'no_line', reason: 'no tick-by-tick line is left for it' })
  }

  /** The stream was asked for. */
  subscribed(stream: DesiredStream): void {
    this.#presumeNew(stream.rid)
    this.#asked.add(stream.rid)
    if (this.#askedHere.has(stream.rid)) this.#askedAgainUs.set(stream.rid, this.#options.clock.steadyUs())
    this.#askedHere.add(stream.rid)
    if (this.#options.isWhole()) this.#unproven.delete(stream.rid)
    else this.#unproven.add(stream.rid) // a gateway that is cut off from IB may lose what it was asked for
    this.#quiet.begin(stream)
  }

  /** IB does not give the stream. */
  refused(stream: RecordedStream, gap: Omit<OpenGap, 'fromUs'>): void {
    this.#begin(stream, { fromUs: lastGoodOf(stream), ...gap })
  }

  /** The stream is silent although its market is busy. Its gap begins where certainty ended. */
  suspect(stream: RecordedStream, reason: string): void {
    this.#suspects.add(stream.rid)
    this.#begin(stream, { fromUs: lastGoodOf(stream), cause: 'stale', reason })
  }

  /** A stream that fell silent has no more to say: its market is closed. */
  acquit(rid: number): void {
    const { streams, isWhole, isSubscribed } = this.#options
    const stream = streams.of(rid)
    this.#suspects.delete(rid)
    if (stream && isWhole() && isSubscribed(rid)) this.#endPresumed(stream)
  }

  /** The connection took requests only from now on. */
  connected(): void {
    this.#lastHeardUs = this.#options.clock.nowUs()
  }

  /** What IB sends does not reach us any more. */
  lose(event: ConnectionEvent, reason: string, code: number | undefined): void {
    this.#farms.lapse()
    const goodUs = this.#lastGoodUs(event)
    this.#loss = { cause: CAUSES[event], reason, code }
    for (const stream of this.#options.streams.all) this.#doubt(stream, { fromUs: goodUs, ...this.#loss })
  }

  /** The connection has changed its state: what stood before counts no more. @param takesRequests of the new state */
  startOver({ takesRequests }: { takesRequests: boolean }): void {
    this.#quiet.stop()
    if (takesRequests) return
    this.#farms.clear()
    this.#askedHere.clear()
    this.#askedAgainUs.clear()
  }

  /** Looks at all streams once they have stood for a while. */
  checkAllQuiet(): void {
    for (const stream of this.#options.streams.all) this.#quiet.begin(stream)
  }

  /** Up to when nothing can be missing, by how certainty ended. */
  #lastGoodUs(event: ConnectionEvent): number {
    const gatewayLives = event === 'cutOff' || event === 'backLost' || event === 'competing' || event === 'stale'
    return gatewayLives ? this.#lastTickUs : this.#lastHeardUs
  }

  /** A hole for each stream that may hang on the farm: it had no tick since `sinceUs`. */
  #declareSilent(sinceUs: number, farm: LostFarm): void {
    const { streams, isSubscribed } = this.#options
    for (const stream of streams.all) {
      const { lastStUs = 0, rid } = stream
      const isAsked = isSubscribed(rid) || this.#askedHere.has(rid) // one that is refused just now has no gap yet
      if (lastStUs >= sinceUs || !isAsked) continue
      this.#doubt(stream, { fromUs: lastStUs || farm.lostUs, ...gapOf(farm) })
    }
  }

  /** Ticks of the stream may be missing, and its request may outlive that. Where no tick has shown that it was only quiet, they are missing since it was taken for that. */
  #doubt(stream: RecordedStream, gap: OpenGap): void {
    this.#begin(stream, { ...gap, fromUs: this.#presumedQuiet.get(stream.rid) ?? gap.fromUs })
    this.#presumedQuiet.delete(stream.rid)
    this.#unproven.add(stream.rid)
  }

  /** Nothing is missing of a stream from before it was desired; what an earlier run recorded has its own beginning. */
  #begin(stream: RecordedStream, gap: OpenGap): void {
    this.#gaps.begin(stream, { ...gap, fromUs: Math.max(gap.fromUs, stream.desiredUs) })
  }

  #presumeNew(rid: number): void {
    const stream = this.#options.streams.of(rid)
    if (!stream || stream.lastStUs !== undefined || this.openGaps.has(rid) || this.#presumedQuiet.has(rid)) return
    this.#presumedQuiet.set(rid, stream.desiredUs)
    this.#options.onChange()
  }

  #standsQuiet(stream: TickStream): void {
    if (this.#unproven.has(stream.rid)) return this.#options.askAnew(stream, 'nothing came since IB is back: its request may be lost')
    this.#endPresumed(stream)
  }

  #endPresumed(stream: TickStream): void {
    if (!this.openGaps.has(stream.rid)) return
    const atUs = this.#options.clock.stampUs()
    this.#presumedQuiet.set(stream.rid, atUs)
    this.end(stream, atUs)
  }

  #standsQuietly(rid: number): boolean {
    const { isWhole, isSubscribed } = this.#options
    return isWhole() && isSubscribed(rid) && !this.#suspects.has(rid)
  }
}

const gapOf = ({ message, code }: LostFarm): Omit<OpenGap, 'fromUs'> => ({ cause: 'farm_broken', reason: message, code })

/** Where certainty ends of a stream that by itself shows no more. */
const lastGoodOf = ({ lastStUs, desiredUs }: RecordedStream): number => lastStUs ?? desiredUs
