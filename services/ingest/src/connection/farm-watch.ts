import { usFromMs } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'

/** IB's messages about its market data farms; they end with the farm's name. A broken farm silences its streams without another word. */
const FARM_BROKEN = 2103
const FARM_WELL = 2104
/** The gateway is no longer cut off from IB. It names the farms that are connected, and those that are not. */
const RESTORED = 1102
/** Nobody asks it for anything; IB connects it (2119, 2104) when somebody does. */
const FARM_INACTIVE = 2108
/** Its connection does not stand: of a farm that was well the same as broken, which IB does not always say before. */
const FARM_CONNECTING = 2119
/** A stream that is silent for this long while a farm is broken may hang on it; the others tick on. */
const SILENT_AFTER_MS = 3_000
/** The gateway greets a connection with the farms that are well; one of which it says so for the first time after this was not connected before. */
const GREETED_WITHIN_MS = 10_000
/** A tick this soon after the notice was on its way before: it does not show that its stream hangs on another farm. */
const ON_ITS_WAY_MS = 500

export interface FarmHandlers {
  /** Streams without a tick since `sinceUs` hang on the farm that was lost at `lostUs`: IB does not say which contracts it serves. */
  silent(sinceUs: number, farm: LostFarm): void
  /** No farm is lost any more. */
  well(): void
  /** A farm was lost, or is no longer. */
  onChange(): void
}

/** A farm from which nothing comes. */
export interface LostFarm {
  lostUs: number
  /** IB's, that said so. */
  code: number
  message: string
}

interface Watched extends LostFarm {
  /** It served streams before; one that is connected only now can serve none that had a tick on this connection. */
  wasWell: boolean
  timer: Timer
}

/** Knows which market data farms the gateway has lost. */
export class FarmWatch {
  readonly #clock: Clock
  readonly #handlers: FarmHandlers
  readonly #lost = new Map<string, Watched>()
  readonly #well = new Set<string>()
  /** Beginning of the connection, µs UTC. */
  #beganUs: number

  constructor(clock: Clock, handlers: FarmHandlers) {
    this.#clock = clock
    this.#handlers = handlers
    this.#beganUs = clock.nowUs()
  }

  /** Some farm is lost now. */
  get isBroken(): boolean {
    return this.#lost.size > 0
  }

  /** A lost farm on which a stream may hang whose last tick was stamped `lastStUs`. */
  lostFor(lastStUs = 0): LostFarm | undefined {
    return this.#lost.values().find(({ wasWell, lostUs }) => wasWell || lastStUs < onItsWayUntilUs(lostUs))
  }

  /** Tells what is silent by now: nothing more will be heard of the lost farms. */
  lapse(): void {
    for (const farm of this.#lost.values()) this.#tellSilent(farm)
  }

  /** Takes every notice. */
  hear(code: number, message: string): void {
    const farm = farmIn(message)
    switch (code) {
      case FARM_BROKEN:
        return this.#lose(farm, { code, message, wasWell: true })
      case FARM_CONNECTING:
        return this.#lose(farm, { code, message, wasWell: this.#well.has(farm) })
      case FARM_WELL:
        if (!this.#well.has(farm)) this.#hearWell(farm, { code, message })
        return this.#endLoss(farm)
      case RESTORED:
        return this.#hearRestored(message)
      case FARM_INACTIVE:
        this.#well.delete(farm)
        return this.#endLoss(farm) // whoever hung on it is asked for anew, and that connects it
    }
  }

  #lose(farm: string, { code, message, wasWell }: { code: number; message: string; wasWell: boolean }): void {
    if (this.#lost.has(farm)) return
    const lostUs = wasWell ? this.#clock.nowUs() : this.#beganUs
    const timer = this.#clock.after(SILENT_AFTER_MS, () => this.#handlers.silent(onItsWayUntilUs(lostUs), { lostUs, code, message }))
    this.#lost.set(farm, { lostUs, code, message, wasWell, timer })
    this.#handlers.onChange()
  }

  #hearWell(farm: string, { code, message }: { code: number; message: string }): void {
    this.#well.add(farm)
    const lostUs = this.#beganUs
    if (this.#lost.has(farm) || this.#clock.nowUs() - lostUs < usFromMs(GREETED_WITHIN_MS)) return
    this.#handlers.silent(onItsWayUntilUs(lostUs), { lostUs, code, message: `${message}, and it was not connected before` })
    if (!this.isBroken) this.#handlers.well()
  }

  /** Farms of history and of definitions are named too: only one that was heard of before is a market data farm. */
  #hearRestored(message: string): void {
    for (const farm of farmsAfter('not connected:', message))
      if (this.#well.has(farm)) this.#lose(farm, { code: RESTORED, message, wasWell: true })
    for (const farm of farmsAfter('are connected:', message)) {
      if (!this.#lost.has(farm)) continue
      this.#well.add(farm)
      this.#endLoss(farm)
    }
  }

  #endLoss(farm: string): void {
    const known = this.#lost.get(farm)
    if (!known) return
    known.timer.cancel()
    this.#lost.delete(farm)
    this.#tellSilent(known)
    if (!this.isBroken) this.#handlers.well()
    this.#handlers.onChange()
  }

  /** The farm may have been away for less than the wait, and a stream may have fallen silent after that. */
  #tellSilent(farm: Watched): void {
    const lateUs = farm.wasWell ? this.#clock.nowUs() - usFromMs(SILENT_AFTER_MS) : farm.lostUs
    this.#handlers.silent(Math.max(onItsWayUntilUs(farm.lostUs), lateUs), farm)
  }

  /** The connection has ended: the next one will say what is broken. */
  clear(): void {
    for (const { timer } of this.#lost.values()) timer.cancel()
    this.#lost.clear()
    this.#well.clear()
    this.#beganUs = this.#clock.nowUs()
  }
}

const onItsWayUntilUs = (lostUs: number): number => lostUs + usFromMs(ON_ITS_WAY_MS)

/** `… is broken:usfarm`, and in one of the messages `… upon demand.usfarm`. */
const farmIn = (message: string): string => /(?:demand\.|:)([^:]*)$/.exec(message)?.[1]?.trim() ?? message

/** Of `All data farms are connected: usfarm; usfuture.`, or of a list that ends so. */
function farmsAfter(words: string, message: string): string[] {
  const [, list = ''] = message.split(words)
  const [names = ''] = list.split('.')
  return names.split(';').map((name) => name.trim())
}
