import { secondsToUs, US_PER_SECOND } from '../../clock.ts'
import type { SimContract } from '../../contract/contract.ts'
import type { Sessions } from '../../contract/sessions.ts'
import { hashUnit, seededRandom } from '../../random.ts'
import type { Burst, Halt, MarketEvents } from '../market-events.ts'
import { type Character, characterOf } from './character.ts'
import { type MarketHours, SessionIntensity } from './intensity.ts'
import { PriceLevel } from './price-level.ts'
import { auctionStream, baseStream, burstStream, haltStream, SecondStreams, type TickStream } from './second-streams.ts'

/** How a market model is set up. */
export interface ModelSettings {
  readonly seed: number
  /** Multiplies the contract's mean tick rate. */
  readonly rate: number
  readonly hours: MarketHours
  /** Halts of a contract in a day, on average. */
  readonly haltsPerDay: number
  /** Bursts of a contract in an hour, on average. */
  readonly burstsPerHour: number
}

const DAY_SECONDS = 86_400
const HOUR_SECONDS = 3600
const HALT_US = secondsToUs(300)
const BURST_US = secondsToUs(1)
const BURST_TICKS = { least: 1000, most: 5000 } as const
/** Random numbers of one contract for different things. */
const STREAM = { second: 0, level: 100, halts: 200, bursts: 300 } as const

/**
 * The seeded tape of one contract. Each second is made from seed, contract and the second's number alone, so any past one can be made again: that is history, and
 * it is the same as what was live.
 */
export class ContractModel {
  readonly contract: SimContract
  readonly character: Character
  readonly sessions: Sessions
  readonly #settings: ModelSettings
  readonly #events: MarketEvents
  readonly #intensity: SessionIntensity
  readonly #level: PriceLevel
  readonly #priceTicks: number
  readonly #haltDays = new Map<number, readonly Halt[]>()

  constructor(contract: SimContract, settings: ModelSettings, events: MarketEvents) {
    this.contract = contract
    this.character = characterOf(contract)
    this.#settings = settings
    this.#events = events
    this.#intensity = new SessionIntensity(contract, settings.hours)
    this.sessions = this.#intensity.sessions
    this.#level = new PriceLevel(settings.seed, contract.conId + STREAM.level, this.character.ticksPerRootSecond)
    this.#priceTicks = Math.round(this.character.price / contract.minTick)
  }

  /** All that happens in a second, as it stands now: an order to the market may add to one that is not over. */
  second(number: number): SecondStreams {
    const startUs = number * US_PER_SECOND
    const halts = this.#haltsAround(number)
    return new SecondStreams([haltStream(this.contract.conId, halts, startUs), ...this.#tradingStreams(number)], (us) =>
      halts.some((halt) => us >= halt.startUs && us < halt.endUs),
    )
  }

  /** Whether nothing can happen in a second, cheaply. */
  isClosed(number: number): boolean {
    return this.#intensity.at(number * US_PER_SECOND) === 0
  }

  #tradingStreams(second: number): readonly TickStream[] {
    const startUs = second * US_PER_SECOND
    const perSecond = this.#settings.rate * this.character.ticksPerSecond * this.#intensity.at(startUs)
    const random = (what: number) => seededRandom(this.#settings.seed + second * TWO_20, this.contract.conId + what)
    const maker = { contract: this.contract, character: this.character, level: (us: number) => this.#priceTicks + this.#level.at(us) }
    const bursts = this.#burstsIn(second).map((burst, i) => burstStream(maker, burst, startUs, random(STREAM.bursts + i)))
    if (perSecond === 0) return bursts
    return [
      ...auctionStream(maker, this.sessions, startUs, random(STREAM.halts)),
      baseStream(maker, startUs, perSecond, random(STREAM.second)),
      ...bursts,
    ]
  }

  #haltsAround(second: number): readonly Halt[] {
    const ordered = this.#events.halts(this.contract.conId)
    if (this.#settings.haltsPerDay === 0) return ordered
    const day = Math.floor(second / DAY_SECONDS)
    return [...ordered, ...[day - 1, day].flatMap((each) => this.#haltsOfDay(each))]
  }

  /** Worked out once a day, not once a second. */
  #haltsOfDay(day: number): readonly Halt[] {
    const known = this.#haltDays.get(day)
    if (known !== undefined) return known
    const halts = this.#drawHalts(day)
    this.#haltDays.set(day, halts)
    return halts
  }

  #drawHalts(day: number): readonly Halt[] {
    return this.#drawnTimes(STREAM.halts, day, DAY_SECONDS, this.#settings.haltsPerDay)
      .filter((us) => this.sessions.at(us, 'liquidHours') !== undefined)
      .map((startUs) => ({ startUs, endUs: startUs + HALT_US }))
  }

  #burstsIn(second: number): readonly Burst[] {
    const fromUs = second * US_PER_SECOND
    const touches = ({ startUs, lengthUs }: Burst) => startUs < fromUs + US_PER_SECOND && startUs + lengthUs > fromUs
    const ordered = this.#events.bursts(this.contract.conId).filter(touches)
    if (this.#settings.burstsPerHour === 0 || this.isClosed(second)) return ordered
    const hour = Math.floor(second / HOUR_SECONDS)
    return [...[hour - 1, hour].flatMap((each) => this.#burstsOfHour(each)).filter(touches), ...ordered]
  }

  #burstsOfHour(hour: number): readonly Burst[] {
    const { least, most } = BURST_TICKS
    return this.#drawnTimes(STREAM.bursts, hour, HOUR_SECONDS, this.#settings.burstsPerHour).map((startUs) => ({
      startUs,
      lengthUs: BURST_US,
      ticks: least + Math.floor(hashUnit(this.#settings.seed, this.contract.conId + STREAM.bursts + 50, startUs) * (most - least)),
    }))
  }

  /** Whole seconds of a period, µs: one for each whole of `mean`, and one more with the chance of its rest. */
  #drawnTimes(stream: number, period: number, periodSeconds: number, mean: number): readonly number[] {
    const draw = (i: number) => hashUnit(this.#settings.seed, this.contract.conId + stream + i, period)
    const count = Math.floor(mean) + (draw(0) < mean % 1 ? 1 : 0)
    return Array.from({ length: count }, (_, i) => secondsToUs(period * periodSeconds + Math.floor(draw(i + 1) * periodSeconds)))
  }
}

/** Keeps the seeds of seconds apart from those of other seeds. */
const TWO_20 = 2 ** 20
