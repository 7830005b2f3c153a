import { type Clock, openClock } from '@ib-stream/service'
import { missedAtStart } from '../../src/gaps/missed-at-start.ts'
import { Recorder } from '../../src/recorder.ts'
import { StreamMemory } from '../../src/stream-memory.ts'
import type { DesiredStream } from '../../src/subscriptions/line-plan.ts'
import { RequestGuard } from '../../src/subscriptions/request-guard.ts'
import type { Disk } from './disk.ts'
import type { ModelGateway } from './gateway.ts'
import { ModelSpool } from './spool.ts'

/** Shorter than IB's fifteen seconds: more happens in a run. */
const GUARD_MS = 3_000

/** One run of ingest: the real recorder with its memory of streams, from a start to its stop or a kill. */
export class ModelIngest {
  readonly recorder: Recorder
  readonly spool: ModelSpool
  readonly #clock: Clock = openClock()
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #isAlive = true

  /** @param onFailure hears what can never happen: a handler that throws, a frame that is no tick */
  constructor(disk: Disk, gateway: ModelGateway, desired: readonly DesiredStream[], onFailure: (words: string) => void) {
    const clock = this.#clock
    const isAlive = () => this.#isAlive
    const newestUs = disk.stamps.at(-1)
    const heardUntilUs = disk.ticks.at(-1)?.st ?? newestUs
    if (newestUs !== undefined) clock.startAbove(newestUs)
    this.spool = new ModelSpool(disk, isAlive)
    const memory = new StreamMemory(disk.file('streams', isAlive), () => this.spool.spooled())
    this.recorder = new Recorder({
      gateway: { host: 'model', ports: [4002], clientId: 1, connectTimeoutMs: 3_000 },
      dial: (_address, _clock, handlers) => gateway.dial(handlers, () => clock.steadyUs()),
      lines: 100,
      requestGuard: new RequestGuard(disk.file('requests', isAlive), GUARD_MS, clock),
      inRestartWindow: () => false,
      publisher: this.spool,
      clock,
      invalid: { put: (cid, _fields, { field, rule }) => onFailure(`${field} of ${cid} is not ${rule}`) },
      missedAtStart: (stream) => missedAtStart(stream, { before: memory.before, heardUntilUs }, true),
      remember: (streams) => memory.keep(streams),
      onNote: (note) => note.kind === 'handler_failed' && onFailure(note.error),
      onTime: () => undefined,
      onTick: () => undefined,
    })
    this.recorder.desire(desired)
    this.#running = this.recorder.run(this.#stop.signal)
  }

  /** As by SIGKILL: from here on nothing that it does is kept. */
  kill(): void {
    this.#isAlive = false
    this.#stop.abort(new Error('killed'))
    this.#clock.close()
  }

  /** As on SIGTERM. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    await this.#running
    this.spool.write()
    this.#clock.close()
  }
}
