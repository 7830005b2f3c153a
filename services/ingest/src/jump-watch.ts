import type { TickMessage, TickType } from '@ib-stream/model'

/** A price that changes by more than this from one tick to the next is not believed, whatever happened in between. */
const NEVER_SHARE = 0.1
/** After a trouble of the gateway its prices were seen to be off by a constant (delta-coded upstream): then far smaller jumps are suspect. */
const AFTER_TROUBLE_SHARE = 0.001
const AFTER_TROUBLE_STEPS = 50
const TROUBLE_COUNTS_US = 60_000_000
/** Ticks on the new level before it counts as one, and not as a stray print. */
const STAYS_TICKS = 5
/** Weight of the newest step in the usual one. */
const SMOOTHING = 0.05

/** What is wrong with a price. */
export interface Jump {
  price: number
  before: number
  reason: string
}

type Stream = { cid: number; tt: TickType; rid: number }

export interface JumpHandlers {
  /** A price came that cannot follow from the one before. */
  onJump: (stream: Stream, jump: Jump) => void
  /** Prices stay where such a jump after a trouble of the gateway took them: the stream should be asked for anew. */
  onLevel: (stream: Stream, reason: string) => void
}

interface Level {
  price: number
  /** Usual distance between two prices that differ. */
  step: number
  /** A jump after a trouble that is being watched: the level before it, and the ticks since. */
  jump: { before: number; after: number; ticks: number } | undefined
}

/** Watches prices for jumps that no market makes. */
export class JumpWatch {
  readonly #levels = new Map<number, Level>()
  readonly #onJump: JumpHandlers['onJump']
  readonly #onLevel: JumpHandlers['onLevel']
  #troubleUs = Number.NEGATIVE_INFINITY

  constructor({ onJump, onLevel }: JumpHandlers) {
    this.#onJump = onJump
    this.#onLevel = onLevel
  }

  /** The flow was interrupted, and may come back wrong. */
  trouble(nowUs: number): void {
    this.#troubleUs = nowUs
  }

  /** The streams that are recorded from now on. */
  keepOnly(rids: ReadonlySet<number>): void {
    for (const rid of this.#levels.keys()) if (!rids.has(rid)) this.#levels.delete(rid)
  }

  heard(tick: TickMessage): void {
    const price = priceOf(tick)
    if (price === undefined) return
    const level = this.#levels.get(tick.rid)
    if (!level) return void this.#levels.set(tick.rid, { price, step: 0, jump: undefined })
    const distance = Math.abs(price - level.price)
    const cameBack = level.jump !== undefined && this.#follow(tick, price, level) === 'back'
    if (distance > 0 && !cameBack) this.#measure(tick, { price, distance, level })
    level.price = price
  }

  #measure(tick: TickMessage, { price, distance, level }: { price: number; distance: number; level: Level }): void {
    const { price: before, step } = level
    const share = distance / Math.abs(before)
    const isAfterTrouble = tick.st - this.#troubleUs < TROUBLE_COUNTS_US
    if (share > NEVER_SHARE) this.#onJump(tick, { price, before, reason: `${percent(share)} from one tick to the next` })
    else if (isAfterTrouble && step > 0 && share > AFTER_TROUBLE_SHARE && distance > AFTER_TROUBLE_STEPS * step)
      this.#onJump(tick, { price, before, reason: `${Math.round(distance / step)} times its usual step, after the gateway was in trouble` })
    else {
      level.step = step === 0 ? distance : step + SMOOTHING * (distance - step)
      return
    }
    if (isAfterTrouble) level.jump ??= { before, after: price, ticks: 0 }
  }

  /** Nearer to where the jump led than to where it began. */
  #follow(tick: TickMessage, price: number, level: Level): 'back' | 'there' {
    const { jump } = level
    if (jump && Math.abs(price - jump.after) > Math.abs(price - jump.before)) {
      level.jump = undefined
      return 'back'
    }
    if (jump && ++jump.ticks >= STAYS_TICKS) {
      level.jump = undefined
      this.#onLevel(tick, `prices went from ${jump.before} to ${jump.after} after the gateway was in trouble, and stay there`)
    }
    return 'there'
  }
}

const percent = (share: number): string => `${Math.round(share * 100)} %`

/** The price by which a stream is judged: of a trade that says something of the market, of a quote with both sides, of a mid point. */
function priceOf(tick: TickMessage): number | undefined {
  switch (tick.tt) {
    case 'bid_ask':
      return isPrice(tick.bp) && isPrice(tick.ap) ? (tick.bp + tick.ap) / 2 : undefined
    case 'mid_point':
      return isPrice(tick.mp) ? tick.mp : undefined
    default:
      return isPrice(tick.p) && tick.upt !== true && tick.pl !== true ? tick.p : undefined
  }
}

const isPrice = (price: number | undefined): price is number => price !== undefined && price > 0
