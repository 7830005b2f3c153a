import { US_PER_SECOND, wholeSeconds } from '../../clock.ts'
import { type DueTicks, MAX_TICKS_PER_TURN, type MarketSource, type PastSeconds, type TapeMark, type TapeMoment } from '../market-source.ts'
import { laterTick } from '../shifted-tick.ts'
import type { Tick, TickKind } from '../tick.ts'
import { type ReplayFacts, readTickBatches, surveyReplay } from './replay-file.ts'
import type { RecordedTick } from './replay-line.ts'
import { pastOfRecording } from './replay-past.ts'

/** How a recording is played. */
export interface ReplaySettings {
  /** v3 JSON lines; unpacked when it ends in `.gz`. */
  readonly path: string
  /** Multiple of the recorded pace (by `st`), or `max`: as fast as the sockets are read. */
  readonly speed: number | 'max'
  /** `now`: the last tick bears the second in which the tape starts, the others keep their distance to it. `recorded`: as in the file. */
  readonly stamps: 'now' | 'recorded'
}

/**
 * Reads the file through once and is then ready to play it once.
 * @throws GatewaySimError IBS_SIM_REPLAY_INVALID
 */
export async function openReplay(settings: ReplaySettings): Promise<MarketSource> {
  return new ReplaySource(settings, await surveyReplay(settings.path))
}

class ReplaySource implements MarketSource {
  readonly name = 'replay'
  readonly pace: 'clock' | 'reader'
  readonly conIds: readonly number[]
  readonly keepsHours = false
  readonly events = undefined
  readonly #settings: ReplaySettings
  readonly #facts: ReplayFacts
  readonly #batches: AsyncGenerator<readonly RecordedTick[]>
  #batch: readonly RecordedTick[] = []
  #at = 0
  #played = 0
  #playedSecond = 0
  #dueUs = 0
  #shiftUs: number | undefined
  #ended = false

  constructor(settings: ReplaySettings, facts: ReplayFacts) {
    this.#settings = settings
    this.#facts = facts
    this.pace = settings.speed === 'max' ? 'reader' : 'clock'
    this.conIds = [...facts.kinds.keys()]
    this.#batches = readTickBatches(settings.path)
  }

  carries(conId: number, kind: TickKind): boolean {
    return this.#facts.kinds.get(conId)?.has(kind) ?? false
  }

  listen(): void {}

  unlisten(): void {}

  async due(now: TapeMoment): Promise<DueTicks> {
    this.#shiftUs ??= this.#shiftFrom(now)
    const ticks: Tick[] = []
    while (ticks.length < MAX_TICKS_PER_TURN && (this.#at < this.#batch.length || (await this.#fill()))) {
      const recorded = this.#batch[this.#at]
      if (recorded === undefined || this.#dueOf(recorded) > now.tapeUs) break
      const tick = laterTick(recorded.tick, this.#shiftUs)
      ticks.push(tick)
      this.#at++
      this.#played++
      this.#playedSecond = wholeSeconds(tick.tsUs)
    }
    return { ticks, nextUs: this.#dueUs, ended: this.#ended }
  }

  /** The mark is the number of ticks that were played; the last one's second may have more. */
  markOf(): TapeMark {
    return { mark: this.#played, lastWholeSecond: this.#ended ? this.#playedSecond : this.#playedSecond - 1 }
  }

  past(range: PastSeconds, mark: number): AsyncIterable<readonly Tick[]> {
    return pastOfRecording(readTickBatches(this.#settings.path), { ...range, ticks: mark, shiftUs: this.#shiftUs ?? 0 })
  }

  async close(): Promise<void> {
    await this.#batches.return(undefined)
  }

  /** Reads on. @returns whether there is a next tick */
  async #fill(): Promise<boolean> {
    while (this.#at >= this.#batch.length && !this.#ended) {
      const next = await this.#batches.next()
      this.#ended = next.done === true
      this.#batch = next.done === true ? [] : next.value
      this.#at = 0
    }
    return !this.#ended
  }

  /** Never before the tick in front of it: the order of the file stands above its stamps. */
  #dueOf(recorded: RecordedTick): number {
    if (this.#settings.speed !== 'max') {
      this.#dueUs = Math.max(this.#dueUs, (recorded.stUs - this.#facts.firstStUs) / this.#settings.speed)
    }
    return this.#dueUs
  }

  #shiftFrom(now: TapeMoment): number {
    if (this.#settings.stamps === 'recorded') return 0
    return (wholeSeconds(now.wallUs - now.tapeUs) - wholeSeconds(this.#facts.lastTsUs)) * US_PER_SECOND
  }
}
