import type { Publisher } from '@ib-stream/bus'
import { type TickType, US_PER_SECOND } from '@ib-stream/model'
import type { Service } from '@ib-stream/service'
import { Counter, Gauge } from 'prom-client'
import type { InvalidSink } from './invalid-sink.ts'
import type { Recorder } from './recorder.ts'
import type { RecorderNote } from './recorder-note.ts'

/** What Prometheus sees of ingest. Gives the functions that count a tick and what happens to the recorder. */
export function registerIngestMetrics(
  service: Service,
  parts: { publisher: Publisher; recorder: () => Recorder | undefined; invalid: InvalidSink },
): { tick: (tt: TickType) => void; note: (note: RecorderNote) => void } {
  const registers = [service.metrics]
  const { publisher, recorder, invalid } = parts
  // Counted here, for every tick is, and told when somebody asks.
  const ticks: Partial<Record<TickType, number>> = {}
  new Counter({
    name: 'ibs_ingest_ticks_total',
    help: 'Ticks heard from the gateway',
    labelNames: ['tick_type'],
    registers,
    collect() {
      this.reset()
      for (const [tick_type, count] of Object.entries(ticks)) this.inc({ tick_type }, count)
    },
  })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('ibs_ingest_waiting_lines', 'Lines that are not yet in the spool', () => publisher.waitingLines)
  gauge(
    'ibs_ingest_unacknowledged_messages',
    'Messages in the spool that the log has not confirmed',
    () => publisher.spool.end - publisher.acknowledged,
  )
  gauge('ibs_ingest_spool_bytes', 'Bytes of the spool', () => publisher.spool.bytes)
  gauge('ibs_ingest_publisher_up', '1 while the spool takes lines and the log takes messages', () =>
    publisher.state === 'sending' ? 1 : 0,
  )
  gauge('ibs_ingest_invalid_frames', 'Frames that were no valid ticks, since the start', () => invalid.count)
  gauge('ibs_ingest_gateway_connections', 'Connections to the gateway since the start', () => recorder()?.epoch ?? 0)
  gauge('ibs_ingest_gateway_up', '1 while the gateway takes requests and has its link to IB', () => (recorder()?.state === 'ready' ? 1 : 0))
  gauge('ibs_ingest_gateway_held', '1 while the gateway is not read, because the spool does not take what comes', () =>
    recorder()?.isHeld ? 1 : 0,
  )
  gauge('ibs_ingest_open_gaps', 'Streams of which ticks are missing now', () => recorder()?.openGaps.size ?? 0)
  const gaps = new Counter({ name: 'ibs_ingest_gaps_total', help: 'Holes that are over', labelNames: ['cause'], registers })
  const gapSeconds = new Counter({
    name: 'ibs_ingest_gap_seconds_total',
    help: 'Length of the holes that are over, by stream',
    labelNames: ['cause'],
    registers,
  })
  return {
    tick: (tt) => {
      ticks[tt] = (ticks[tt] ?? 0) + 1
    },
    note: (note) => {
      if (note.kind !== 'gap') return
      gaps.inc({ cause: note.cause })
      gapSeconds.inc({ cause: note.cause }, (note.toUs - note.fromUs) / US_PER_SECOND)
    },
  }
}
