import type { Clock } from '@ib-stream/service'
import { FARM_BROKEN, FarmWatch } from '../connection/farm-watch.ts'
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
  /** A gap was opened or ended. */
  onChange(): void
}

/** Knows for each stream up to when no tick can be missing, and so when a gap begins and when it is over. */
export class Certainty {
  readonly #options: CertaintyOptions
  readonly #gaps: GapLedger
  readonly #quiet: QuietChecks
  readonly #farms: FarmWatch
  /** Streams that were asked for anew because they were silent: standing quiet does not clear them. */
  readonly #suspects = new Set<number>()
  /** Streams that were asked for in this run. */
  readonly #asked = new Set<number>()
  readonly #startedUs: number
  #lastHeardUs: number
  /** The gateway answers by itself while it is cut off from IB; only ticks show that IB was heard. */
  #lastTickUs: number

  constructor(options: CertaintyOptions) {
    const { clock, log, onChange } = options
    this.#options = options
    this.#startedUs = clock.stampUs()
    this.#lastHeardUs = this.#startedUs
    this.#lastTickUs = this.#startedUs
    this.#gaps = new GapLedger({ head: () => log.head(), publish: (event) => log.gap(event), onChange })
    this.#quiet = new QuietChecks({
      clock,
      isOpen: (rid) => this.#gaps.open.has(rid),
      isOnlyQuiet: (rid) => this.#standsQuietly(rid) && !this.#farms.isBroken,
      onQuiet: (stream) => {
        const nowUs = clock.stampUs()
        if (this.#gaps.end(stream, nowUs)) this.#lastTickUs = nowUs
      },
    })
    this.#farms = new FarmWatch(clock, {
      silent: (brokenUs, message) => this.#declareSilent(brokenUs, message),
      well: () => this.checkAllQuiet(),
    })
  }

  /** Times without certainty that go on now, by request id. */
  get openGaps(): ReadonlyMap<number, OpenGap> {
    return this.#gaps.open
  }

  /** The gateway said something, whatever it was. */
  hearGateway(readUs: number): void {
    this.#lastHeardUs = readUs
  }

  /** A tick is on its way into the log. For every tick. */
  hearTick(rid: number, stUs: number): void {
    this.#lastTickUs = stUs
    if (this.#suspects.size > 0) this.#suspects.delete(rid)
  }

  /** One of IB's messages that belong to no request. */
  hearNotice(code: number, message: string): void {
    this.#farms.hear(code, message)
  }

  /** From `atUs` on nothing is missing of the stream. @returns whether a gap was open */
  end(stream: TickStream, atUs: number = this.#options.clock.stampUs()): boolean {
    return this.#gaps.end(stream, atUs)
  }

  /** Ends every gap: what is missing up to now is declared now. */
  endAll(): void {
    for (const stream of this.#options.streams.all) this.end(stream)
  }

  /** What an earlier run recorded ends somewhere: from there on ticks are missing until the stream is asked for again. */
  declareDown(): void {
    for (const stream of this.#options.streams.all) {
      const gap = this.#asked.has(stream.rid) ? undefined : this.#options.missedAtStart(stream)
      if (gap) this.#gaps.begin(stream, gap)
    }
  }

  /** The stream got no line. */
  lackLine(stream: DesiredStream): void {
    const fromUs = this.#options.streams.of(stream.rid)?.lastStUs ?? this.#options.clock.nowUs()
    this.#gaps.begin(stream, { fromUs, cause: 'no_line', reason: 'no tick-by-tick line is left for it' })
  }

  /** The stream was asked for. */
  subscribed(stream: DesiredStream): void {
    this.#asked.add(stream.rid)
    this.#quiet.begin(stream)
  }

  /** IB does not give the stream. */
  refused(stream: RecordedStream, gap: Omit<OpenGap, 'fromUs'>): void {
    this.#gaps.begin(stream, { fromUs: stream.lastStUs ?? this.#startedUs, ...gap })
  }

  /** The stream is silent although its market is busy. Its gap begins where certainty ended. */
  suspect(stream: RecordedStream, reason: string): void {
    this.#suspects.add(stream.rid)
    this.#gaps.begin(stream, { fromUs: stream.lastStUs ?? this.#startedUs, cause: 'stale', reason })
  }

  /** A stream that fell silent has no more to say: its market is closed. */
  acquit(rid: number): void {
    const { streams, isWhole } = this.#options
    const stream = streams.of(rid)
    this.#suspects.delete(rid)
    if (stream && isWhole()) this.end(stream)
  }

  /** The connection took requests only from now on. */
  connected(): void {
    this.#lastHeardUs = this.#options.clock.nowUs()
  }

  /** What IB sends does not reach us any more. */
  lose(event: ConnectionEvent, reason: string, code: number | undefined): void {
    const fromUs = this.#lastGoodUs(event)
    for (const stream of this.#options.streams.all) this.#gaps.begin(stream, { fromUs, cause: CAUSES[event], reason, code })
  }

  /** The connection has changed its state: what stood before counts no more. @param takesRequests of the new state */
  startOver({ takesRequests }: { takesRequests: boolean }): void {
    this.#quiet.stop()
    if (!takesRequests) this.#farms.clear()
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

  /** A hole for each stream that had no tick since the farm broke. */
  #declareSilent(brokenUs: number, message: string): void {
    const { streams, isWhole, isSubscribed } = this.#options
    if (!isWhole()) return
    for (const stream of streams.all) {
      const { lastStUs = 0, rid } = stream
      if (lastStUs >= brokenUs || !isSubscribed(rid)) continue
      this.#gaps.begin(stream, { fromUs: lastStUs || brokenUs, cause: 'farm_broken', reason: message, code: FARM_BROKEN })
    }
  }

  #standsQuietly(rid: number): boolean {
    const { isWhole, isSubscribed } = this.#options
    return isWhole() && isSubscribed(rid) && !this.#suspects.has(rid)
  }
}
