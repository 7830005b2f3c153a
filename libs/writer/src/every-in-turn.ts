import { PARTITION_COUNT } from '@ib-stream/model'
import type { PartitionId } from '@ib-stream/storage'

/** As `setInterval`; the partitions of a process have their turns one after another within each period, so that the disk never has to sync all of them at once. */
export function everyInTurn(ms: number, partition: PartitionId, work: () => void): { stop(): void } {
  const nth = partition === 'events' ? PARTITION_COUNT : partition
  let interval: NodeJS.Timeout | undefined
  const first = setTimeout(
    () => {
      work()
      interval = setInterval(work, ms)
    },
    (ms * (nth + 1)) / (PARTITION_COUNT + 1),
  )
  return {
    stop: () => {
      clearTimeout(first)
      clearInterval(interval)
    },
  }
}
