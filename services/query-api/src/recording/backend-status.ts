import { type LogOwner, readLog, type ServiceState, TICKS } from '@ib-stream/bus'
import { codeOf, msFromUs, PARTITION_COUNT, US_PER_SECOND } from '@ib-stream/model'
import { type Backend, readPosition } from '@ib-stream/storage'
import type { ServerDeps } from '../server-deps.ts'
import { servicesSay } from './ask-services.ts'

/** A backend that is further behind than this needs somebody. */
const BEHIND_SECONDS = 60

export const BACKEND_STATES = ['current', 'behind', 'no_writer', 'empty', 'unreadable', 'unknown'] as const

/** How far the files of a backend are. */
export interface BackendStatus {
  backend: Backend
  /** `unknown`: the log does not answer, so nobody can say what is missing. */
  state: (typeof BACKEND_STATES)[number]
  /** Lowest sequence of the log that its partitions have; 0 before the first. */
  seq: number
  /** Newest `st` that its files are up to, µs UTC. */
  newestStUs: number | undefined
  lagMessages: number | undefined
  /** How old the oldest message is that it does not have yet. */
  lagSeconds: number | undefined
  /** Replicas that write it; undefined where NATS does not answer. */
  writers: number | undefined
  /** Partitions whose checkpoint cannot be read, with the code. */
  problems: readonly { partition: number; code: string }[]
}

export interface LogExtent {
  owner: LogOwner
  firstSeq: number
  lastSeq: number
  bytes: number
  maxBytes: number
}

/** The log as it is now; undefined where it is not there or does not answer. */
export async function logNow({ live: { bus } }: Pick<ServerDeps, 'live'>): Promise<LogExtent | undefined> {
  return bus?.state === 'connected' ? await readLog(bus.manager).catch(() => undefined) : undefined // so said by the bus part of /health
}

export async function backendStatuses(
  deps: Pick<ServerDeps, 'live' | 'backends' | 'dataDir'>,
  log: LogExtent | undefined,
): Promise<BackendStatus[]> {
  const services = await servicesSay(deps)
  return await Promise.all(deps.backends.map((backend) => backendStatus(deps, backend, { log, services })))
}

async function backendStatus(
  { live: { bus }, dataDir }: Pick<ServerDeps, 'live' | 'dataDir'>,
  backend: Backend,
  { log, services }: { log: LogExtent | undefined; services: readonly ServiceState[] | undefined },
): Promise<BackendStatus> {
  const positions = await Promise.all(Array.from({ length: PARTITION_COUNT }, (_, partition) => positionOf(dataDir, backend, partition)))
  const problems = positions.flatMap(({ partition, code }) => (code === undefined ? [] : [{ partition, code }]))
  const seq = Math.min(...positions.map((position) => position.seq))
  const newestStUs = Math.max(...positions.map((position) => position.newestStUs))
  const lagMessages = log && Math.max(0, log.lastSeq - Math.max(seq, log.firstSeq - 1))
  const lagSeconds = log && lagMessages ? await ageOf(bus, Math.max(seq + 1, log.firstSeq)) : lagMessages
  const writers = services?.filter(({ metadata }) => metadata.backend === backend).length
  const facts = { backend, seq, newestStUs: newestStUs > 0 ? newestStUs : undefined, lagMessages, lagSeconds, writers, problems }
  return { ...facts, state: stateOf(facts) }
}

function stateOf({ problems, writers, lagSeconds, newestStUs }: Omit<BackendStatus, 'state'>): BackendStatus['state'] {
  if (problems.length > 0) return 'unreadable'
  if (writers === 0) return 'no_writer'
  if (lagSeconds === undefined) return 'unknown'
  if (lagSeconds > BEHIND_SECONDS) return 'behind'
  return newestStUs === undefined ? 'empty' : 'current'
}

async function positionOf(dataDir: string, backend: Backend, partition: number) {
  try {
    const { seq = 0, newestStUs = 0 } = (await readPosition(dataDir, backend, partition)) ?? {}
    return { partition, seq, newestStUs }
  } catch (error) {
    return { partition, seq: 0, newestStUs: 0, code: codeOf(error) ?? String(error) }
  }
}

/** By the server's clock, s; 0 for a message that was trimmed meanwhile. */
async function ageOf(bus: ServerDeps['live']['bus'], seq: number): Promise<number | undefined> {
  try {
    const message = await bus?.manager.streams.getMessage(TICKS, { seq })
    return message ? Math.max(0, Date.now() - message.time.getTime()) / msFromUs(US_PER_SECOND) : 0
  } catch {
    return undefined // the server went away
  }
}
