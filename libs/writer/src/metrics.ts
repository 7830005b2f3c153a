import type { Service } from '@ib-stream/service'
import { Counter, Gauge } from 'prom-client'
import type { Writer } from './writer.ts'

/** What Prometheus sees of a writer. */
export function registerWriterMetrics(service: Service, writer: Writer): void {
  const registers = [service.metrics]
  const ticks = new Counter({
    name: 'ibs_writer_ticks_total',
    help: 'Ticks taken from the log since the start',
    registers,
    collect() {
      this.reset()
      this.inc(writer.ticks)
    },
  })
  const partitions = new Gauge({
    name: 'ibs_writer_partitions',
    help: 'Partitions held now, by state',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset()
      for (const { state } of writer.partitions.values()) this.inc({ state })
    },
  })
  void ticks
  void partitions
}
