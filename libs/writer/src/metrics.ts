import type { Service } from '@ib-stream/service'
import { Counter, Gauge } from 'prom-client'
import type { PartitionStatus } from './partition-state.ts'
import type { Writer } from './writer.ts'

/** What Prometheus sees of a writer. */
export function registerWriterMetrics(service: Service, writer: Writer): void {
  const registers = [service.metrics]
  new Counter({
    name: 'ibs_writer_ticks_total',
    help: 'Ticks taken from the log since the start',
    labelNames: ['tick_type'],
    registers,
    collect() {
      this.reset()
      for (const [tick_type, ticks] of writer.ticksByType) this.inc({ tick_type }, ticks)
    },
  })
  new Counter({
    name: 'ibs_writer_sealed_files_total',
    help: 'Files of the archive made since the start; 0 in other backends',
    registers,
    collect() {
      this.reset()
      this.inc(writer.sealedFiles)
    },
  })
  new Gauge({
    name: 'ibs_writer_partitions',
    help: 'Partitions held now, by state',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset()
      for (const { state } of writer.partitions.values()) this.inc({ state })
    },
  })
  new Gauge({
    name: 'ibs_writer_stale_owners',
    help: 'Partitions of other replicas whose lock is held but whose checkpoint is stale',
    registers,
    collect() {
      this.set(writer.staleOwners.size)
    },
  })
  for (const [name, help, read] of OF_PARTITION) {
    new Gauge({
      name: `ibs_writer_partition_${name}`,
      help,
      labelNames: ['partition'],
      registers,
      collect() {
        this.reset()
        for (const status of writer.partitions.values()) this.set({ partition: status.partition }, read(status))
      },
    })
  }
}

const OF_PARTITION: readonly (readonly [string, string, (status: PartitionStatus) => number])[] = [
  ['sequence', 'Last log sequence taken', ({ seq }) => seq],
  ['durable_sequence', 'Last log sequence that survives a power cut', ({ durableSeq }) => durableSeq],
  ['lag_messages', 'Messages of the partition that the log has and the writer has not taken', ({ lagMessages }) => lagMessages],
  ['lag_seconds', 'Age of the newest tick taken while messages wait, else 0', ({ lagSeconds }) => lagSeconds],
  ['checkpoint_age_seconds', 'Since the last commit that went well', ({ checkpointAgeSeconds }) => checkpointAgeSeconds],
  ['written_bytes', 'Bytes given to files since the partition was taken', ({ bytes }) => bytes],
  ['open_files', 'Files that still grow', ({ openFiles }) => openFiles],
]
