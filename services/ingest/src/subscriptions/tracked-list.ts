import { type Bus, type KeyValue, openKeyValue, openTracked, TRACKED_BUCKET, trackedKey } from '@ib-stream/bus'
import type { TrackedContract } from '@ib-stream/model'
import type { Clock } from '@ib-stream/service'

const RETRY_EVERY_MS = 1_000
/** Which entries came from the environment: what is changed there is changed here, what was changed here stays. */
const SEEDS_KEY = '_seeds'

export interface TrackedListOptions {
  bus: Bus
  clock: Clock
  /** What the environment names. */
  seeds: readonly TrackedContract[]
  /** The whole list, most important first, at the start and after each change. */
  onChange: (contracts: readonly TrackedContract[]) => void
  /** The list cannot be read yet; given what the environment names. */
  onUnread: (seeds: readonly TrackedContract[]) => void
}

/**
 * The contracts that are recorded by themselves: the bucket `tracked`, seeded by the environment, changed by anybody at run time. Loops: one attempt a second while
 * the bus is away.
 */
export class TrackedList {
  readonly #options: TrackedListOptions
  #contracts = new Map<string, TrackedContract>()
  #isRead = false

  constructor(options: TrackedListOptions) {
    this.#options = options
  }

  /** Reads the list, then follows it until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { bus, clock, seeds, onUnread } = this.#options
    while (!signal.aborted) {
      const back = new AbortController()
      // A watch does not outlive the connection for sure; when that is back the list is read anew.
      const forget = bus.onChange((state) => state === 'connected' && back.abort())
      try {
        await this.#follow(AbortSignal.any([signal, back.signal]))
      } catch {
        if (!this.#isRead) onUnread(seeds) // the bus part of /health says that it is away
      }
      forget()
      if (!back.signal.aborted) await clock.pause(RETRY_EVERY_MS, signal).catch(() => undefined) // aborted: the loop's condition ends it
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { bus, onChange } = this.#options
    const bucket = await openTracked(bus)
    await this.#seed(bucket)
    this.#contracts = await bucket.all()
    this.#isRead = true
    onChange([...this.#contracts.values()])
    for await (const { key, value } of bucket.watch(signal)) {
      if (key === SEEDS_KEY || JSON.stringify(this.#contracts.get(key)) === JSON.stringify(value)) continue
      if (value) this.#contracts.set(key, value)
      else this.#contracts.delete(key)
      onChange([...this.#contracts.values()])
    }
  }

  /** New and changed entries of the environment go in, those that left it go out, unless somebody changed them since. */
  async #seed(bucket: KeyValue<TrackedContract>): Promise<void> {
    const kept = await openKeyValue<string[]>(this.#options.bus, { bucket: TRACKED_BUCKET, parse: seedsIn })
    const before = (await kept.get(SEEDS_KEY)) ?? []
    const now = this.#options.seeds.map((seed) => JSON.stringify(seed))
    for (const seed of this.#options.seeds) if (!before.includes(JSON.stringify(seed))) await bucket.put(trackedKey(seed.name), seed)
    const names = new Set(this.#options.seeds.map(({ name }) => name))
    for (const text of before) {
      const seed = JSON.parse(text) as TrackedContract
      if (names.has(seed.name)) continue
      const key = trackedKey(seed.name)
      if (JSON.stringify(await bucket.get(key)) === text) await bucket.delete(key)
    }
    if (JSON.stringify(before) !== JSON.stringify(now)) await kept.put(SEEDS_KEY, now)
  }
}

const seedsIn = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') ? (value as string[]) : undefined
