import { headers, type Msg, nuid } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'
import { listen } from './listen.ts'

const VERBS = ['PING', 'INFO', 'STATS'] as const
type Verb = (typeof VERBS)[number]

export interface MicroServiceOptions {
  bus: Bus
  /** Letters, digits, `-` and `_`; the same for all replicas. */
  name: string
  /** As semver has it. */
  version: string
  description: string
  /** What does not change while it runs; read once. */
  metadata?: Record<string, string>
  /** What it knows of itself now, as plain data; asked for each STATS. */
  state: () => unknown
}

export interface MicroService extends AsyncDisposable {
  /** Its name among its replicas. */
  readonly id: string
  close(): Promise<void>
}

/**
 * Makes a service discoverable by the NATS services protocol (ADR-32): answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, each also with `.<name>` and
 * `.<name>.<id>`, so `nats micro ls` and `nats micro stats <name>` show every replica. Its state is the `data` of its one endpoint, which is its own STATS subject.
 */
export function serveMicro(options: MicroServiceOptions): MicroService {
  return new AnsweringService(options)
}

class AnsweringService implements MicroService {
  readonly id = nuid.next()
  readonly #options: MicroServiceOptions
  readonly #started = new Date().toISOString()
  readonly #subscriptions: { close(): void }[]
  #requests = 0
  #errors = 0
  #lastError = ''
  #processingNs = 0

  constructor(options: MicroServiceOptions) {
    this.#options = options
    const { bus, name } = options
    this.#subscriptions = VERBS.flatMap((verb) =>
      ['', `.${name}`, `.${name}.${this.id}`].map((whom) => listen(bus, `$SRV.${verb}${whom}`, (message) => this.#answer(verb, message))),
    )
  }

  #answer(verb: Verb, message: Msg): void {
    const startedMs = performance.now()
    try {
      message.respond(JSON.stringify(this.#reply(verb)))
    } catch (error) {
      this.#errors += 1
      this.#lastError = String(error)
      const head = headers()
      head.set('Nats-Service-Error-Code', '500')
      head.set('Nats-Service-Error', this.#lastError.replaceAll(/[\r\n]+/g, ' '))
      message.respond('', { headers: head })
    }
    if (verb !== 'STATS') return
    this.#requests += 1
    this.#processingNs += Math.round((performance.now() - startedMs) * NS_PER_MS)
  }

  #reply(verb: Verb): Record<string, unknown> {
    const { name, version, description, metadata = {}, state } = this.#options
    const head = { type: `io.nats.micro.v1.${verb.toLowerCase()}_response`, name, id: this.id, version, metadata }
    const endpoint = { name: 'state', subject: `$SRV.STATS.${name}.${this.id}`, queue_group: '' }
    switch (verb) {
      case 'PING':
        return head
      case 'INFO':
        return { ...head, description, endpoints: [{ ...endpoint, metadata: {} }] }
      case 'STATS':
        return { ...head, started: this.#started, endpoints: [{ ...endpoint, ...this.#counts(), data: state() }] }
    }
  }

  #counts(): Record<string, unknown> {
    return {
      num_requests: this.#requests,
      num_errors: this.#errors,
      last_error: this.#lastError,
      processing_time: this.#processingNs,
      average_processing_time: this.#requests === 0 ? 0 : Math.round(this.#processingNs / this.#requests),
    }
  }

  async close(): Promise<void> {
    for (const subscription of this.#subscriptions.splice(0)) subscription.close()
    const { bus } = this.#options
    if (bus.state === 'connected') await bus.connection.flush().catch(() => undefined) // closed meanwhile: nobody hears us any more either way
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

const NS_PER_MS = 1_000_000
