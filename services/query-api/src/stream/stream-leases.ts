import { type Bus, keepLease, type StreamLease } from '@ib-stream/bus'
import type { LeaseAnswer, TickType } from '@ib-stream/model'
import type { RecordingState } from './events.ts'

/** What ingest says of a stream that somebody listens to. */
export interface RecordingNews {
  cid: number
  tt: TickType
  state: RecordingState
  reason?: string
  code?: string
}

/** Has streams recorded for as long as somebody listens: what is not tracked is asked for through ingest. */
export interface StreamLeases {
  /**
   * Holds streams until `release`. Says at once, and again when it changes, why ticks cannot come; and `recording` once they can again.
   * Listeners share leases, so IB is asked once.
   */
  hold(streams: readonly { cid: number; tt: TickType }[], onNews: (news: RecordingNews) => void): { release(): void }
  /** Streams held now. */
  readonly size: number
}

/** @param bus undefined until the bus is there; nothing is asked for then */
export function openStreamLeases(bus: () => Bus | undefined): StreamLeases {
  return new SharedLeases(bus)
}

interface Held {
  lease: StreamLease
  listeners: Set<(news: RecordingNews) => void>
  news: RecordingNews | undefined
}

class SharedLeases implements StreamLeases {
  readonly #bus: () => Bus | undefined
  readonly #held = new Map<string, Held>()

  constructor(bus: () => Bus | undefined) {
    this.#bus = bus
  }

  get size(): number {
    return this.#held.size
  }

  hold(streams: readonly { cid: number; tt: TickType }[], onNews: (news: RecordingNews) => void): { release(): void } {
    const bus = this.#bus()
    if (!bus) return { release: () => undefined }
    // one listener may hold a stream twice over, so each hold has a function of its own
    const listener = (news: RecordingNews) => onNews(news)
    const mine = streams.map((stream) => this.#join(bus, stream, listener))
    const release = () => {
      for (const key of mine.splice(0)) this.#leave(key, listener)
    }
    return { release }
  }

  #join(bus: Bus, { cid, tt }: { cid: number; tt: TickType }, listener: (news: RecordingNews) => void): string {
    const key = `${cid} ${tt}`
    const held = this.#held.get(key) ?? this.#open(key, bus, { cid, tt })
    held.listeners.add(listener)
    if (held.news && held.news.state !== 'recording') listener(held.news)
    return key
  }

  #open(key: string, bus: Bus, { cid, tt }: { cid: number; tt: TickType }): Held {
    const listeners = new Set<(news: RecordingNews) => void>()
    const onAnswer = (answer: LeaseAnswer) => {
      const held = this.#held.get(key)
      if (held?.listeners !== listeners) return
      const wasSilent = held.news === undefined || held.news.state === 'recording'
      held.news = newsOf(cid, tt, answer)
      if (wasSilent && held.news.state === 'recording') return
      for (const listener of listeners) listener(held.news)
    }
    const held: Held = { lease: keepLease({ bus, cid, tt, onAnswer, after: afterUnheld }), listeners, news: undefined }
    this.#held.set(key, held)
    return held
  }

  #leave(key: string, listener: (news: RecordingNews) => void): void {
    const held = this.#held.get(key)
    held?.listeners.delete(listener)
    if (!held || held.listeners.size > 0) return
    this.#held.delete(key)
    void held.lease.close() // never throws; a lease that could not be given back runs out by itself
  }
}

function newsOf(cid: number, tt: TickType, answer: LeaseAnswer): RecordingNews {
  const stream = { cid, tt }
  if (!answer.ok) {
    const state = answer.code === 'IBS_BUS_NO_ANSWER' ? 'unavailable' : 'refused'
    return { ...stream, state, reason: answer.message, code: answer.code }
  }
  if (answer.state === 'subscribed') return { ...stream, state: 'recording' }
  return { ...stream, state: 'waiting', ...(answer.reason === undefined ? {} : { reason: answer.reason }) }
}

/** A timer that keeps no process alive: leases of a stopped service run out by themselves, so clients that come back after a restart find their streams running. */
function afterUnheld(ms: number, work: () => void): { cancel(): void } {
  const timer = setTimeout(work, ms)
  timer.unref()
  return { cancel: () => clearTimeout(timer) }
}
