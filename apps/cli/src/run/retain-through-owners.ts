import { PARTITION_COUNT } from '@ib-stream/model'
import { type Backend, type RetainedDay, type RetentionOptions, type RetentionReport, STAY_WORDS } from '@ib-stream/storage'
import { Owners, type OwnersOptions } from '../owners.ts'

export type OwnersRetentionOptions = Pick<RetentionOptions, 'dataDir' | 'keep' | 'backends' | 'unconfirmed' | 'dryRun' | 'onDay'> &
  Pick<OwnersOptions, 'nats' | 'signal'>

/** As `retain` of the storage, beside running writers: each partition by its owner. A day is told once for each partition that has something of it. */
export async function retainThroughOwners(options: OwnersRetentionOptions): Promise<RetentionReport> {
  const { dataDir, nats, signal, keep, backends, unconfirmed = false, dryRun = false, onDay } = options
  await using owners = new Owners({ dataDir, nats, signal })
  const removed = { hours: 0, files: 0, ticks: 0, diskBytes: 0 }
  const stayed = { open: 0, unknown: 0, differs: 0, unconfirmed: 0, copy_damaged: 0 }
  const unreachable: RetentionReport['unreachable'][number][] = []
  for (const backend of Object.keys(keep) as Backend[]) {
    for (let partition = 0; partition < PARTITION_COUNT; partition++) {
      const job = { do: 'retention', keep, ...(backends ? { backends } : {}), unconfirmed, dryRun } as const
      const result = await owners.doJob({ backend, partition }, job, (said) => onDay?.(said as RetainedDay))
      unreachable.push(...result.unreachable)
      if (!('removed' in result)) continue
      for (const key of ['hours', 'files', 'ticks', 'diskBytes'] as const) removed[key] += result.removed[key]
      for (const word of STAY_WORDS) stayed[word] += result.stayed[word]
    }
  }
  return { removed, stayed, unreachable }
}
