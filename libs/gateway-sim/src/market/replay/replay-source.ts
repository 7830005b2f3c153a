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

/** How far a recording was played: its ticks, the second of the last one, and the tape time at which it was due. */
interface Position {
  readonly played: number
  readonly playedSecond: number
  readonly dueUs: number
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
  #position: Position = { played: 0, playedSecond: 0, dueUs: 0 }
  #shiftUs: number | undefined
  #ended = false
  /** The last `due`: where it began, and what it gave. */
  #last: { readonly from: Position; readonly ticks: readonly RecordedTick[] } = { from: this.#position, ticks: [] }

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
    const from = this.#position
    const given: RecordedTick[] = []
    let { playedSecond, dueUs } = from
    while (given.length < MAX_TICKS_PER_TURN && (this.#at < this.#batch.length || (await this.#fill()))) {
      const recorded = this.#batch[this.#at]
      if (recorded === undefined) break
      dueUs = this.#dueOf(recorded, dueUs)
      if (dueUs > now.tapeUs) break
      given.push(recorded)
      this.#at++
      playedSecond = wholeSeconds(recorded.tick.tsUs + this.#shiftUs)
    }
    this.#position = { played: from.played + given.length, playedSecond, dueUs }
    this.#last = { from, ticks: given }
    const shiftUs = this.#shiftUs
    return { ticks: given.map(({ tick }) => laterTick(tick, shiftUs)), nextUs: dueUs, ended: this.#ended }
  }

  takeBack(): void {
    const { from, ticks } = this.#last
    this.#batch = [...ticks, ...this.#batch.slice(this.#at)]
    this.#at = 0
    this.#ended &&= ticks.length === 0
    this.#position = from
    this.#last = { from, ticks: [] }
  }

  /** The mark is the number of ticks that were played; the last one's second may have more. */
  markOf(): TapeMark {
    const { played, playedSecond } = this.#position
    return { mark: played, lastWholeSecond: this.#ended ? playedSecond : playedSecond - 1 }
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
  #dueOf({ stUs }: RecordedTick, beforeUs: number): number {
    const { speed } = this.#settings
    return speed === 'max' ? beforeUs : Math.max(beforeUs, (stUs - this.#facts.firstStUs) / speed)
  }

  #shiftFrom(now: TapeMoment): number {
    if (this.#settings.stamps === 'recorded') return 0
    return (wholeSeconds(now.wallUs - now.tapeUs) - wholeSeconds(this.#facts.lastTsUs)) * US_PER_SECOND
  }
}
