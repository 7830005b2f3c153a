import { codeOf, PARTITION_COUNT } from '@ib-stream/model'
import { type Backend, type PartitionId, readDurablePosition } from '@ib-stream/storage'

/** How far one backend's files of one partition are for sure. */
export interface Position {
  backend: Backend
  partition: PartitionId
  /** Undefined before the first durable checkpoint, or where it cannot be read. */
  seq: number | undefined
  spoolId: string | undefined
  /** Code of what is wrong with the checkpoint. */
  problem: string | undefined
}

/** Partitions that follow the log, the recorder's events among them where the backend keeps them. */
export const partitionsOf = (backend: Backend): PartitionId[] => [
  ...Array(PARTITION_COUNT).keys(),
  ...(backend === 'json' ? (['events'] as const) : []),
]

export async function readPositions(dataDir: string, backends: readonly Backend[]): Promise<Position[]> {
  const wanted = backends.flatMap((backend) => partitionsOf(backend).map((partition) => ({ backend, partition })))
  return await Promise.all(
    wanted.map(async ({ backend, partition }) => {
      try {
        const found = await readDurablePosition(dataDir, backend, partition)
        return { backend, partition, seq: found?.seq, spoolId: found?.spoolId, problem: undefined }
      } catch (error) {
        return { backend, partition, seq: undefined, spoolId: undefined, problem: codeOf(error) ?? String(error) }
      }
    }),
  )
}
