import { join } from 'node:path'
import { type Bus, readLog, unsentSpoolBytes } from '@ib-stream/bus'
import { msFromUs, US_PER_SECOND } from '@ib-stream/model'
import { type DiskSpace, diskSpace } from '@ib-stream/service'
import type { Backend, OwnerSight } from '@ib-stream/storage'
import type { BehindFollower, FollowerWatch } from './follower-watch.ts'
import { takenAtMs } from './log-age.ts'
import type { LogExtent } from './plan-purge.ts'

export interface LogSight extends LogExtent {
  bytes: number
  /** −1: no limit. */
  maxBytes: number
  /** Servers that do not keep up with it, in a cluster. */
  behind: readonly BehindFollower[]
}

/** One backend as its checkpoints show it. */
export interface BackendSight {
  backend: Backend
  owners: readonly OwnerSight[]
  /** Messages of the log above the lowest position. */
  lagMessages: number
  /** How old the oldest of them is; 0 without any. */
  lagSeconds: number
}

/** All that one look sees. */
export interface Sight {
  disk: DiskSpace
  /** Undefined while the bus or the log is not there. */
  log: LogSight | undefined
  backends: readonly BackendSight[]
  /** Whole segments of ingest's spool of which the log has nothing. */
  unsentSpoolBytes: number | undefined
  /** How long it could not be said, or not be done, what the log may drop; undefined while it can. */
  trimBlockedMs: number | undefined
}

/** What the log is now; undefined while there is none. Other failures are thrown. */
export async function seeLog(bus: Bus, followers: FollowerWatch): Promise<LogSight | undefined> {
  const log = await readLog(bus.manager)
  return log && { ...log, spoolId: log.owner.spoolId, behind: followers.look(log.followers, performance.now()) }
}

/** @param owners what an OwnerWatch of the backend saw just now */
export async function seeBackend(
  bus: Bus,
  log: LogSight,
  { backend, owners }: Pick<BackendSight, 'backend' | 'owners'>,
): Promise<BackendSight> {
  const lowestSeq = Math.min(...owners.map(({ seq = 0 }) => seq))
  const lagMessages = Math.max(0, log.lastSeq - Math.max(lowestSeq, log.firstSeq - 1))
  const oldestMs = lagMessages > 0 ? await takenAtMs(bus.manager, Math.max(lowestSeq + 1, log.firstSeq)) : undefined
  return { backend, owners, lagMessages, lagSeconds: oldestMs === undefined ? 0 : Math.max(0, Date.now() - oldestMs) / MS_PER_SECOND }
}

const MS_PER_SECOND = msFromUs(US_PER_SECOND)

export const seeDisk = (dataDir: string): Promise<DiskSpace> => diskSpace(dataDir)

export const seeSpool = (dataDir: string, lastSeq: number): Promise<number> => unsentSpoolBytes(join(dataDir, '.state', 'spool'), lastSeq)
