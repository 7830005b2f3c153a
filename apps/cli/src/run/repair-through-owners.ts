import { PARTITION_COUNT } from '@ib-stream/model'
import { type PartitionId, type RepairOptions, type RepairOutcome, type RepairReport, repairableBackends } from '@ib-stream/storage'
import { Owners, type OwnersOptions } from '../owners.ts'

export type OwnersRepairOptions = RepairOptions & Pick<OwnersOptions, 'nats' | 'signal'>

/** As `repair` of the storage, beside running writers: each partition by its owner. */
export async function repairThroughOwners(options: OwnersRepairOptions): Promise<RepairReport> {
  const { dataDir, dryRun = false, nats, onOutcome, signal } = options
  await using owners = new Owners({ dataDir, nats, signal })
  const outcomes: RepairReport['outcomes'][number][] = []
  const unreachable: RepairReport['unreachable'][number][] = []
  for (const backend of await repairableBackends(dataDir)) {
    const partitions: PartitionId[] = [...Array(PARTITION_COUNT).keys(), ...(backend === 'json' ? (['events'] as const) : [])]
    for (const partition of partitions) {
      const result = await owners.doJob({ backend, partition }, { do: 'repair', dryRun }, (said) => {
        const outcome = said as RepairOutcome
        outcomes.push(outcome)
        onOutcome?.(outcome)
      })
      unreachable.push(...result.unreachable)
    }
  }
  return { outcomes, unreachable }
}
