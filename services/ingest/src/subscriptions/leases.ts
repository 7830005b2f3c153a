import { hash31, isTickType, type TickType, US_PER_MS } from '@ib-stream/model'
import type { Clock, Timer } from '@ib-stream/service'
import type { StateFile } from '../state-file.ts'

/** How long a stream stays asked for without being renewed. */
export const LEASE_MS = 30_000
/** A stream that was given back stays for a moment, when nobody else needs its line: whoever reloads a page would else wait for IB's 15-second rule. */
const LINGER_MS = 10_000

export interface LeasedStream {
  cid: number
  tt: TickType
  /** Nobody asks for it any more; it is kept for a moment. */
  lingers: boolean
}

interface Lease {
  cid: number
  tt: TickType
  /** µs of the steady clock, by holder: a system's clock that is set ends nothing before its time. */
  untilUs: Map<string, number>
  lingersUntilUs: number
}

/**
 * Streams that are wanted for a while, each by one holder or more. What is open is kept in a file, so that a restart of ingest goes on with it at once.
 * One timer, for the next end.
 */
export class Leases {
  readonly #leases = new Map<number, Lease>()
  readonly #clock: Clock
  readonly #file: StateFile
  readonly #onChange: () => void
  #timer: Timer | undefined

  /** @param onChange told when `streams` has changed */
  constructor({ clock, file, onChange }: { clock: Clock; file: StateFile; onChange: () => void }) {
    this.#clock = clock
    this.#file = file
    this.#onChange = onChange
    const [nowUs, steadyUs] = [clock.nowUs(), clock.steadyUs()]
    for (const { cid, tt, untilUs } of leasesIn(file.read())) {
      const leftUs = Math.min(untilUs - nowUs, LEASE_MS * US_PER_MS)
      this.#leaseOf(cid, tt).untilUs.set('', steadyUs + leftUs)
    }
    this.#drop()
    this.#wait()
  }

  /** What is wanted now, the longest-standing first, what only lingers last. */
  get streams(): readonly LeasedStream[] {
    const all = [...this.#leases.values()].map(({ cid, tt, untilUs }) => ({ cid, tt, lingers: untilUs.size === 0 }))
    return [...all.filter(({ lingers }) => !lingers), ...all.filter(({ lingers }) => lingers)]
  }

  /** The holder wants the stream from now on for {@link LEASE_MS}. @returns until when, µs UTC */
  renew({ cid, tt }: { cid: number; tt: TickType }, holder: string): number {
    const lease = this.#leaseOf(cid, tt)
    const wasWanted = lease.untilUs.size > 0
    lease.untilUs.set(holder, this.#clock.steadyUs() + LEASE_MS * US_PER_MS)
    this.#save()
    this.#wait()
    if (!wasWanted) this.#onChange()
    return this.#clock.nowUs() + LEASE_MS * US_PER_MS
  }

  /** The holder does not want it any more. */
  end({ cid, tt }: { cid: number; tt: TickType }, holder: string): void {
    const lease = this.#leases.get(hash31(cid, tt))
    if (!lease?.untilUs.delete(holder)) return
    if (lease.untilUs.size === 0) lease.lingersUntilUs = this.#clock.steadyUs() + LINGER_MS * US_PER_MS
    this.#settle()
    if (lease.untilUs.size === 0) this.#onChange()
  }

  close(): void {
    this.#timer?.cancel()
  }

  #leaseOf(cid: number, tt: TickType): Lease {
    const rid = hash31(cid, tt)
    const lease = this.#leases.get(rid) ?? { cid, tt, untilUs: new Map<string, number>(), lingersUntilUs: 0 }
    this.#leases.set(rid, lease)
    return lease
  }

  #settle(): void {
    this.#save()
    this.#wait()
  }

  /** Whatever is over goes. @returns whether a stream went with it */
  #drop(): boolean {
    const nowUs = this.#clock.steadyUs()
    const before = this.#leases.size
    for (const [rid, { untilUs, lingersUntilUs }] of this.#leases) {
      for (const [holder, us] of untilUs) if (us <= nowUs) untilUs.delete(holder)
      if (untilUs.size === 0 && lingersUntilUs <= nowUs) this.#leases.delete(rid)
    }
    return this.#leases.size < before
  }

  #wait(): void {
    this.#timer?.cancel()
    const ends = [...this.#leases.values()].map((lease) => endOf(lease))
    if (ends.length === 0) return
    const waitMs = Math.max(1, Math.ceil((Math.min(...ends) - this.#clock.steadyUs()) / US_PER_MS))
    this.#timer = this.#clock.after(waitMs, () => {
      const isChanged = this.#drop()
      this.#settle()
      if (isChanged) this.#onChange()
    })
  }

  #save(): void {
    const utcUs = this.#clock.nowUs() - this.#clock.steadyUs()
    this.#file.write([...this.#leases.values()].map((lease) => ({ cid: lease.cid, tt: lease.tt, untilUs: endOf(lease) + utcUs })))
  }
}

const endOf = ({ untilUs, lingersUntilUs }: Lease): number => Math.max(lingersUntilUs, ...untilUs.values())

function leasesIn(value: unknown): { cid: number; tt: TickType; untilUs: number }[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: { cid?: unknown; tt?: unknown; untilUs?: unknown } | null) => {
    const { cid, tt, untilUs } = entry ?? {}
    return typeof cid === 'number' && isTickType(tt) && typeof untilUs === 'number' ? [{ cid, tt, untilUs }] : []
  })
}
