import { secondsToUs, US_PER_SECOND } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import type { Sessions } from '../../contract/sessions.ts'
import type { Random } from '../../random.ts'
import type { Burst, Halt } from '../market-events.ts'
import type { Tick, TradeTick } from '../tick.ts'
import { BurstyArrivals } from './arrivals.ts'
import type { Character } from './character.ts'
import { OrderFlow } from './order-flow.ts'

/** Ticks of one second from one cause, in order. */
export interface TickStream {
  /** When the next one happens, µs since 1970-01-01 UTC; Infinity after the last. */
  readonly nextUs: number
  take(): Tick
  /** Happens though the contract is halted. */
  readonly evenHalted: boolean
}

/** What a stream makes ticks from. */
export interface TickMaker {
  readonly contract: SimContract
  readonly character: Character
  /** The price's level at a moment, in ticks. */
  readonly level: (us: number) => number
}

/** One second of a contract, merged from its streams; equal times in the order of the streams. */
export class SecondStreams {
  readonly #streams: readonly TickStream[]
  readonly #halted: (us: number) => boolean
  #next: TickStream = NOTHING

  constructor(streams: readonly TickStream[], halted: (us: number) => boolean) {
    this.#streams = streams
    this.#halted = halted
    this.#choose()
  }

  /** µs since 1970-01-01 UTC; Infinity after the last tick of the second. */
  get nextUs(): number {
    return this.#next.nextUs
  }

  take(): Tick {
    const tick = this.#next.take()
    this.#choose()
    return tick
  }

  /** The earliest stream is next; what would happen while the contract is halted does not. */
  #choose(): void {
    for (;;) {
      this.#next = NOTHING
      for (const stream of this.#streams) if (stream.nextUs < this.#next.nextUs) this.#next = stream
      if (this.#next === NOTHING || this.#next.evenHalted || !this.#halted(this.#next.nextUs)) return
      this.#next.take()
    }
  }
}

/** The ordinary business of a second. */
export function baseStream({ contract, character, level }: TickMaker, startUs: number, perSecond: number, random: Random): TickStream {
  const arrivals = new BurstyArrivals(random)
  const levelTicks = level(startUs)
  const flow = new OrderFlow(contract, character, random, Math.max(1, Math.round(levelTicks)))
  const drift = (level(startUs + US_PER_SECOND) - levelTicks) / US_PER_SECOND
  return new Timed(
    startUs,
    () => secondsToUs(arrivals.nextGap() / perSecond),
    (us) => flow.tick(us, levelTicks + drift * (us - startUs)),
    startUs + US_PER_SECOND,
  )
}

/** The part of a burst that lies in the second from `startUs` on. */
export function burstStream({ contract, character, level }: TickMaker, burst: Burst, startUs: number, random: Random): TickStream {
  const levelTicks = level(startUs)
  const flow = new OrderFlow(contract, character, random, Math.max(1, Math.round(levelTicks)))
  return new Spread(burst, startUs, (us) => flow.tick(us, levelTicks))
}

/** A large print as the liquid hours begin, and one in their last second. */
export function auctionStream(
  { contract, character, level }: TickMaker,
  sessions: Sessions,
  startUs: number,
  random: Random,
): readonly TickStream[] {
  if (character.tradeShare === 0 || contract.secType !== 'STK') return []
  const session = sessions.at(startUs, 'liquidHours')
  const conditions = startUs === session?.openUs ? 'O   ' : startUs + US_PER_SECOND === session?.closeUs ? '6   ' : undefined
  if (conditions === undefined) return []
  const flow = new OrderFlow(contract, character, random, Math.max(1, Math.round(level(startUs))))
  return [new Listed([startUs], (us) => flow.auction(us, conditions), false)]
}

/** How IB tells of halts: a trade of 0 for 0 past limit, once when it begins and once when it is over. */
export function haltStream(conId: number, halts: readonly Halt[], startUs: number): TickStream {
  const times = halts
    .flatMap((halt) => [halt.startUs, halt.endUs])
    .filter((us) => us >= startUs && us < startUs + US_PER_SECOND)
    .sort((a, b) => a - b)
  const tick = (): TradeTick => ({
    kind: 'all_last',
    conId,
    tsUs: startUs,
    price: 0,
    size: 0,
    pastLimit: true,
    unreported: false,
    exchange: '',
    conditions: '',
  })
  return new Listed(times, tick, true)
}

/** Happens after gaps that are drawn one by one, until the end. */
class Timed implements TickStream {
  readonly evenHalted = false
  readonly #gapUs: (us: number) => number
  readonly #make: (us: number) => Tick
  readonly #endUs: number
  #nextUs: number

  constructor(fromUs: number, gapUs: (us: number) => number, make: (us: number) => Tick, endUs: number) {
    this.#gapUs = gapUs
    this.#make = make
    this.#endUs = endUs
    this.#nextUs = fromUs
    this.#advance()
  }

  get nextUs(): number {
    return this.#nextUs
  }

  take(): Tick {
    const tick = this.#make(this.#nextUs)
    this.#advance()
    return tick
  }

  #advance(): void {
    const us = this.#nextUs + this.#gapUs(this.#nextUs)
    this.#nextUs = us < this.#endUs ? us : Number.POSITIVE_INFINITY
  }
}

/** Happens evenly spread over a burst; what lies outside its second belongs to others. */
class Spread implements TickStream {
  readonly evenHalted = false
  readonly #burst: Burst
  readonly #make: (us: number) => Tick
  readonly #endUs: number
  #i: number

  constructor(burst: Burst, secondUs: number, make: (us: number) => Tick) {
    this.#burst = burst
    this.#make = make
    this.#endUs = secondUs + US_PER_SECOND
    this.#i = Math.max(0, Math.floor(((secondUs - burst.startUs) * burst.ticks) / burst.lengthUs) - 1)
    while (this.#i < burst.ticks && this.#at() < secondUs) this.#i++
  }

  get nextUs(): number {
    const us = this.#at()
    return this.#i < this.#burst.ticks && us < this.#endUs ? us : Number.POSITIVE_INFINITY
  }

  take(): Tick {
    const tick = this.#make(this.#at())
    this.#i++
    return tick
  }

  #at(): number {
    const { startUs, lengthUs, ticks } = this.#burst
    return startUs + Math.floor((this.#i * lengthUs) / ticks)
  }
}

/** Happens at given times. */
class Listed implements TickStream {
  readonly evenHalted: boolean
  readonly #times: readonly number[]
  readonly #make: (us: number) => Tick
  #at = 0

  constructor(times: readonly number[], make: (us: number) => Tick, evenHalted: boolean) {
    this.#times = times
    this.#make = make
    this.evenHalted = evenHalted
  }

  get nextUs(): number {
    return this.#times[this.#at] ?? Number.POSITIVE_INFINITY
  }

  take(): Tick {
    return this.#make(this.#times[this.#at++] ?? 0)
  }
}

const NOTHING: TickStream = new Listed(
  [],
  () => {
    throw new RangeError('the second is over')
  },
  true,
)
