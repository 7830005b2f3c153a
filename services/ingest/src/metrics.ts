import type { Publisher } from '@ib-stream/bus'
import type { TickType } from '@ib-stream/model'
import type { Service } from '@ib-stream/service'
import { Counter, Gauge } from 'prom-client'
import type { InvalidSink } from './invalid-sink.ts'
import type { Recorder } from './recorder.ts'

/** What Prometheus sees of ingest. Gives the function that counts a tick. */
export function registerIngestMetrics(
  service: Service,
  parts: { publisher: Publisher; recorder: () => Recorder | undefined; invalid: InvalidSink },
): (tt: TickType) => void {
  const registers = [service.metrics]
  const { publisher, recorder, invalid } = parts
  const ticks = new Counter({ name: 'ibs_ingest_ticks_total', help: 'Ticks heard from the gateway', labelNames: ['tick_type'], registers })
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
  return (tt) => ticks.inc({ tick_type: tt })
}
