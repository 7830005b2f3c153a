import { publishOps } from '@ib-stream/bus'
import { usFromMs } from '@ib-stream/model'
import type { PartitionOptions } from './partition-writer.ts'

/** Says in the stream EVENTS which messages this backend will never have; resolves when that is stored. */
export async function reportLogGap(
  { bus, signal, codec, partition }: Pick<PartitionOptions, 'bus' | 'signal' | 'codec' | 'partition'>,
  hole: { fromSeq: number; toSeq: number; fromUs: number },
): Promise<void> {
  const { backend } = codec
  const event = { kind: 'log_gap', st: usFromMs(Date.now()), service: `writer-${backend}`, backend, partition, ...hole } as const
  // An owner that dies before its next commit finds the same hole again.
  await publishOps(bus, event, { id: `log_gap.${backend}.${partition}.${hole.fromSeq}-${hole.toSeq}`, signal })
}
