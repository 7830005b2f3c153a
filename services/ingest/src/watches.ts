import { type Bus, publishOps } from '@ib-stream/bus'
import {
  type AlertEvent,
  type ContractAnswer,
  type ContractQuery,
  HEALTH_WORDS,
  overallHealth,
  type RecordingHealth,
  type TickMessage,
} from '@ib-stream/model'
import type { Clock, Service } from '@ib-stream/service'
import { Counter, Gauge } from 'prom-client'
import type { NameBook } from './contracts/name-book.ts'
import { JumpWatch } from './jump-watch.ts'
import type { Recorder } from './recorder.ts'
import type { RecorderNote } from './recorder-note.ts'
import { MarketHours } from './staleness/market-hours.ts'
import { StalenessWatch } from './staleness/staleness-watch.ts'
import type { StateFile } from './state-file.ts'

/** Notices after which prices were seen to come back wrong: connectivity, and market data farms. */
const TROUBLE_CODES: ReadonlySet<number> = new Set([1100, 1101, 1102, 2103, 2104, 2110, 2119])

export interface WatchedParts {
  bus: Bus
  clock: Clock
  recorder: Recorder
  names: NameBook
  lookUp: (query: ContractQuery) => Promise<ContractAnswer>
  /** How busy streams usually are. */
  paces: StateFile
}

/** Looks at what is recorded, beside the recording itself: silence that is none of its own, prices that cannot be, and what is to be said of it all. */
export class Watches {
  readonly #parts: WatchedParts
  readonly #staleness: StalenessWatch
  readonly #jumps: JumpWatch
  readonly #stop = new AbortController()

  constructor(service: Service, parts: WatchedParts) {
    this.#parts = parts
    const { clock, recorder, lookUp, paces } = parts
    const registers = [service.metrics]
    const jumps = new Counter({ name: 'ibs_ingest_jumps_total', help: 'Prices that cannot follow from the one before', registers })
    const remedies = new Counter({
      name: 'ibs_ingest_remedies_total',
      help: 'What was done about streams that were silent while their market traded',
      labelNames: ['remedy'],
      registers,
    })
    const current = () => this.health.streams
    new Gauge({
      name: 'ibs_ingest_streams',
      help: 'Streams by how well they are recorded now',
      labelNames: ['health'],
      registers,
      collect() {
        for (const word of HEALTH_WORDS) this.set({ health: word }, current().filter(({ health }) => health === word).length)
      },
    })
    const hours = new MarketHours(clock, lookUp)
    this.#staleness = new StalenessWatch({
      clock,
      recorder,
      file: paces,
      marketOf: (cid, nowUs) => hours.statusOf(cid, nowUs),
      onRemedy: ({ symbol, tt }, remedy, reason) => {
        remedies.inc({ remedy })
        service.log.warn({ remedy, reason }, 'silent stream')
        if (remedy === 'alert') this.#alert('firing', `silent ${symbol} ${tt}`, `${reason}; look at the gateway`)
        if (remedy === 'resolved') this.#alert('resolved', `silent ${symbol} ${tt}`, reason)
      },
    })
    this.#jumps = new JumpWatch({
      onJump: ({ cid, tt }, jump) => {
        jumps.inc()
        service.log.warn({ cid, tt, ...jump }, 'jump')
        recorder.announce({ kind: 'jump', cid, tt, ...jump })
      },
      onLevel: ({ rid }, reason) => recorder.restartStream(rid, reason),
    })
  }

  /** A tick was recorded that was read at `readSteadyUs`, µs of the steady clock. */
  heard(tick: TickMessage, readSteadyUs: number): void {
    this.#staleness.heard(tick, readSteadyUs)
    this.#jumps.heard(tick)
  }

  /** Something happened to the recorder. */
  note(note: RecorderNote): void {
    if (note.kind === 'notice' || note.kind === 'gateway') {
      if (TROUBLE_CODES.has(note.code ?? 0)) this.#jumps.trouble(this.#parts.clock.nowUs())
    } else if (note.kind === 'plan') this.#jumps.keepOnly(new Set(this.#parts.recorder.streams.map(({ rid }) => rid)))
  }

  /** Everything at once, in words. */
  get health(): Omit<RecordingHealth, 'clock'> {
    const { recorder, names } = this.#parts
    const { streams } = this.#staleness
    const { granted, waiting, lines } = recorder.plan
    return {
      health: overallHealth(streams.map(({ health }) => health)),
      gateway: recorder.state,
      lines: { allowed: lines, granted: granted.length, waiting: waiting.length },
      streams,
      troubles: names.troubles,
    }
  }

  close(): void {
    this.#staleness.close()
    this.#stop.abort(new Error('ingest stopped'))
  }

  #alert(state: AlertEvent['state'], alert: string, summary: string): void {
    const { bus, clock } = this.#parts
    const event: AlertEvent = { kind: 'alert', service: 'ingest', st: clock.nowUs(), state, alert, summary }
    void publishOps(bus, event, { id: `ingest.${alert}.${state}.${event.st}`, signal: this.#stop.signal }).catch(() => undefined) // stopped: the log has it
  }
}
