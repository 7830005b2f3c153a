import type { Bus, Publisher } from '@ib-stream/bus'
import { usFromMs } from '@ib-stream/model'
import type { Clock, Config, Service } from '@ib-stream/service'
import { readLedger } from '@ib-stream/tape'
import { Counter, Gauge } from 'prom-client'
import type { InvalidSink } from '../invalid-sink.ts'
import type { Recorder } from '../recorder.ts'
import type { RecorderNote } from '../recorder-note.ts'
import type { StateFile } from '../state-file.ts'
import { AskedRanges } from './asked-ranges.ts'
import { BackfillDesk } from './backfill-desk.ts'
import { openBackfillRequests } from './backfill-requests.ts'
import type { FillRange } from './fill-job.ts'
import { pendingFills } from './pending-fills.ts'
import { recordedTicks } from './recorded-ticks.ts'

export interface BackfillParts {
  config: Pick<Config, 'dataDir' | 'backends' | 'backfillMs'>
  service: Service
  bus: Bus
  publisher: Publisher
  clock: Clock
  invalid: InvalidSink
  recorder(): Recorder | undefined
  /** Our time minus IB's, µs. */
  offsetUs(): number
  /** Where ranges that were asked for are kept over restarts. */
  askedFile: StateFile
}

export interface Backfill {
  /** Hears of every gap that is over. */
  hear(note: RecorderNote): void
  /** Fills what earlier runs have left and what comes, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

const LOOK_EVERY_MS = 2_000

/** Filling of gaps by the recorder's own connection, and requests for other ranges over the bus. */
export function openBackfill(parts: BackfillParts): Backfill {
  const { config, service, bus, publisher, clock, invalid, recorder, offsetUs } = parts
  const asked = new AskedRanges(parts.askedFile)
  const desk = new BackfillDesk({
    clock,
    asked,
    publisher,
    session: () => (recorder()?.state === 'ready' ? recorder()?.session : undefined),
    epoch: () => recorder()?.epoch ?? 0,
    recorded: recordedTicks({ bus, publisher, dataDir: config.dataDir, backends: config.backends }),
    offsetUs,
    mostBackMs: config.backfillMs,
    onFilled: (tt, ticks) => filled.inc({ tick_type: tt }, ticks),
    onInvalid: (tick, fault, st) => invalid.put(tick.cid, [JSON.stringify(tick)], fault, st),
    onNote: (note) => service.log.info(note, note.kind),
  })
  reportBackfill(service, desk)
  const filled = registerMetrics(service, desk)
  return {
    hear: (note) => {
      if (note.kind === 'gap') desk.addGap(note)
    },
    run: async (signal) => {
      const requests = openBackfillRequests(bus, clock, desk)
      try {
        await addPending(desk, asked.all, parts, signal)
        await desk.run(signal)
      } catch (error) {
        if (!signal.aborted) service.log.error({ err: error }, 'filling of gaps has ended; restart ingest')
      } finally {
        requests.close()
      }
    },
  }
}

/** Gaps that wait for their filling do not make ingest unready: it records. */
function reportBackfill(service: Service, desk: BackfillDesk): void {
  service.report('backfill', () => {
    const { waiting } = desk
    return {
      state: waiting.length > 0 ? 'filling' : 'nothing_to_fill',
      ready: true,
      jobs: waiting.length,
      next: waiting.slice(0, MOST_SHOWN),
    }
  })
}

const MOST_SHOWN = 10

function registerMetrics(service: Service, desk: BackfillDesk): Counter<'tick_type'> {
  const registers = [service.metrics]
  new Gauge({
    name: 'ibs_ingest_backfill_jobs',
    help: 'Gaps and ranges that wait to be filled',
    registers,
    collect() {
      this.set(desk.waiting.length)
    },
  })
  return new Counter({
    name: 'ibs_ingest_backfilled_ticks_total',
    help: 'Ticks filled in from the history of IB',
    labelNames: ['tick_type'],
    registers,
  })
}

/** Asks until the log answers: a gap that is forgotten stays a hole. */
async function addPending(
  desk: BackfillDesk,
  asked: readonly FillRange[],
  { bus, publisher, clock, config }: BackfillParts,
  signal: AbortSignal,
): Promise<void> {
  if (config.backfillMs === 0 && asked.length === 0) return
  for (;;) {
    try {
      await publisher.settled(signal)
      const events = await readLedger({ bus, kinds: ['gap', 'backfill_page', 'backfill'], signal })
      const pending = pendingFills(events, clock.nowUs() - usFromMs(config.backfillMs), asked)
      for (const { range, before } of pending.gaps) desk.addGap(range, before)
      for (const { range, before } of pending.asked) desk.addAsked(range, before)
      return
    } catch {
      await clock.pause(LOOK_EVERY_MS, signal) // the bus part of /health says that it is away
    }
  }
}
