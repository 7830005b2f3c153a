import { type Bus, type PublisherEvent, publishOps } from '@ib-stream/bus'
import { type PublisherTroubleEvent, usFromMs } from '@ib-stream/model'
import { Counter, type Registry } from 'prom-client'

/** EVENTS is kept for ever: the same thing goes there at most this often, with the times that it happened. */
const TELL_EVERY_MS = 10_000

interface NewsDesk {
  /** Of the service. */
  name: string
  log: { info(facts: object, text: string): void; error(facts: object, text: string): void }
  metrics: Registry
}

type News = Pick<PublisherTroubleEvent, 'what' | 'times' | 'reason' | 'fromSeq' | 'toSeq' | 'st'>

/**
 * Says loudly what happens to the publisher: in the log, as a metric, and trouble with its end as `ib.ops.publisher` in the stream EVENTS. That goes past the log, which
 * may be what is in trouble; while NATS is away it waits in memory.
 */
export class PublisherNews implements Disposable {
  #service: NewsDesk
  #bus: Bus
  #tellEveryMs: number
  #events: Counter
  #inTrouble = false
  #told = 0
  /** Told lately, with what came since. */
  #lately = new Map<News['what'], { timer: NodeJS.Timeout; since: News | undefined }>()
  #stop = new AbortController()

  constructor(service: NewsDesk, bus: Bus, { tellEveryMs = TELL_EVERY_MS } = {}) {
    this.#service = service
    this.#bus = bus
    this.#tellEveryMs = tellEveryMs
    this.#events = new Counter({
      name: 'ibs_ingest_publisher_events_total',
      help: 'What happened to the publisher: its new state, or what it met in the log',
      labelNames: ['what'],
      registers: [service.metrics],
    })
  }

  hear(event: PublisherEvent): void {
    const news = newsOf(event)
    this.#service.log[news && news.what !== 'sending' ? 'error' : 'info'](event, 'publisher')
    this.#events.inc({ what: event.kind === 'state' ? event.state : event.kind })
    if (!news) return
    const { what } = news
    if (what !== 'sending' || this.#inTrouble) this.#tell(news)
    if (event.kind === 'state') this.#inTrouble = what !== 'sending'
  }

  #tell(news: News): void {
    const lately = this.#lately.get(news.what)
    if (lately) {
      lately.since = lately.since ? joined(lately.since, news) : news
      return
    }
    this.#lately.set(news.what, { timer: setTimeout(() => this.#tellSince(news.what), this.#tellEveryMs), since: undefined })
    const event: PublisherTroubleEvent = { kind: 'publisher', service: this.#service.name, ...news }
    // The stamp alone is not enough: within one millisecond a second event would have the id of the first, and the server would drop it as a repetition.
    const id = `publisher.${event.service}.${event.what}.${event.st}.${++this.#told}`
    void publishOps(this.#bus, event, { id, signal: this.#stop.signal }).catch(() => undefined) // stopped: the log has it
  }

  #tellSince(what: News['what']): void {
    const since = this.#lately.get(what)?.since
    this.#lately.delete(what)
    if (since) this.#tell(since)
  }

  /** What is not yet in EVENTS stays in the log only. */
  [Symbol.dispose](): void {
    this.#stop.abort(new Error('ingest stopped'))
    for (const { timer } of this.#lately.values()) clearTimeout(timer)
  }
}

/** Trouble or its possible end; undefined for what needs nobody: `connecting` is told by the bus and the keeper, `closed` by whoever closed it. */
function newsOf(event: PublisherEvent): News | undefined {
  const base = { st: usFromMs(Date.now()), times: 1 }
  switch (event.kind) {
    case 'state':
      if (event.state === 'connecting' || event.state === 'closed') return undefined
      return { ...base, what: event.state, reason: event.reason }
    case 'foreign':
      return { ...base, what: event.kind, fromSeq: event.end + 1, toSeq: event.lastSeq }
    case 'displaced':
      return { ...base, what: event.kind, fromSeq: event.seqs.at(0) ?? 0, toSeq: event.seqs.at(-1) ?? 0 }
    default:
      return { ...base, what: event.kind, fromSeq: event.fromSeq, toSeq: event.toSeq }
  }
}

function joined(one: News, next: News): News {
  const times = one.times + next.times
  if (one.fromSeq === undefined || next.fromSeq === undefined) return { ...next, times }
  return { ...next, times, fromSeq: Math.min(one.fromSeq, next.fromSeq), toSeq: Math.max(one.toSeq ?? 0, next.toSeq ?? 0) }
}
