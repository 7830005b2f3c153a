import type { Service } from '@ib-stream/service'
import type { ArchiveSchedule } from './archive-schedule.ts'
import type { Keeper } from './keeper.ts'
import type { RetentionSchedule } from './retention-schedule.ts'

/** The keeper's parts of `/health`. An alert is about something else, so it does not make the keeper itself unready. */
export function reportKeeper(service: Service, read: () => Keeper | undefined): void {
  service.report('keeper', () => {
    const keeper = read()
    if (!keeper) return { state: 'standby', ready: true }
    const { sight, plan, lowest, purgedMessages } = keeper
    const log = sight?.log
    return {
      state: log ? 'keeping' : 'waiting_for_log',
      ready: true,
      log: log && { firstSeq: log.firstSeq, lastSeq: log.lastSeq, bytes: log.bytes, maxBytes: log.maxBytes },
      followersBehind: log?.behind.map(({ server }) => server),
      trim: plan?.do === 'blocked' ? plan.reason : (plan?.do ?? 'not yet'),
      heldBackBy: lowest && { backend: lowest.backend, partition: lowest.partition, seq: lowest.seq },
      purgedMessages,
    }
  })
  service.report('alerts', () => {
    const firing = read()?.firing ?? []
    return {
      state: firing.length > 0 ? 'firing' : 'none',
      ready: true,
      firing: firing.map(({ alert, summary, since }) => ({ alert, summary, since })),
    }
  })
}

/** What retention does is no matter of the keeper's own health either; what it could not do is tried again. */
export function reportRetention(service: Service, retention: RetentionSchedule): void {
  service.report('retention', () => {
    const { state, last } = retention
    return { state: last && last.failed.length > 0 ? 'failed' : state, ready: true, ...(last && { last }) }
  })
}

/** Days that cannot be copied stay where they are, so the keeper is ready all the same. */
export function reportArchive(service: Service, archive: ArchiveSchedule): void {
  service.report('archive', () => {
    const { state, last, failedRuns } = archive
    return { state: failedRuns > 0 ? 'failing' : state, ready: true, ...(last && { failedRuns, last }) }
  })
}
