import { publishOps } from '@ib-stream/bus'
import { usFromMs } from '@ib-stream/model'
import type { RebuiltCheckpoint } from '@ib-stream/storage'
import type { PartitionOptions } from './partition-writer.ts'

/** Says that a lost checkpoint was made anew; nothing waits for it, for nothing depends on it. */
export function reportRebuilt(options: PartitionOptions, rebuilt: RebuiltCheckpoint): void {
  const { bus, signal, codec, partition, onState } = options
  const { backend } = codec
  const st = usFromMs(Date.now())
  onState(
    'recovering',
    `checkpoint ${rebuilt.why}: made anew at ${rebuilt.seq}, ${rebuilt.cutFiles} files cut to what the log no longer holds`,
  )
  const event = { kind: 'checkpoint_rebuilt', st, service: `writer-${backend}`, backend, partition, ...rebuilt } as const
  void publishOps(bus, event, { id: `checkpoint_rebuilt.${backend}.${partition}.${st}`, signal }).catch(() => undefined) // released
}
