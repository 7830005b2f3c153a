import { hostname } from 'node:os'
import { type MicroService, serveMicro } from '@ib-stream/bus'
import { VERSION } from '@ib-stream/service'
import type { PartitionStatus } from './partition-state.ts'
import type { Writer, WriterOptions } from './writer.ts'

/** What one replica says of itself in `$SRV.STATS`. Sums are over the partitions that it holds. */
export interface WriterStats {
  state: Writer['state']
  /** Ticks taken since the start. */
  ticks: number
  lagMessages: number
  /** The longest of its partitions. */
  lagSeconds: number
  bytes: number
  openFiles: number
  partitions: readonly PartitionStatus[]
  /** Partition → why it could not be taken, or was lost. */
  failed: Record<string, string>
}

/** Makes a replica known by the NATS services protocol: `$SRV.INFO.<name>` says whose it is, `$SRV.STATS.<name>` which partitions it holds and how far each is. */
export function serveWriter(name: string, writer: Writer, { bus, codec, source }: Serving): MicroService {
  const { backend } = codec
  return serveMicro({
    bus,
    name,
    version: VERSION,
    description: `writes the ${backend} files of the partitions that it holds`,
    metadata: { owner: `${hostname()}:${process.pid}`, backend, source },
    state: () => statsOf(writer),
  })
}

type Serving = Pick<WriterOptions, 'bus' | 'codec' | 'source'>

function statsOf({ state, ticks, partitions, failed }: Writer): WriterStats {
  const held = [...partitions.values()]
  const sum = (read: (status: PartitionStatus) => number) => held.reduce((total, status) => total + read(status), 0)
  return {
    state,
    ticks,
    lagMessages: sum(({ lagMessages }) => lagMessages),
    lagSeconds: Math.max(0, ...held.map(({ lagSeconds }) => lagSeconds)),
    bytes: sum(({ bytes }) => bytes),
    openFiles: sum(({ openFiles }) => openFiles),
    partitions: held,
    failed: Object.fromEntries(failed),
  }
}
