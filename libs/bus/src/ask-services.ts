import { errors } from '@nats-io/nats-core'
import type { Bus } from './connection.ts'

/** One replica of a service, as it answers `$SRV.STATS`. */
export interface ServiceState {
  name: string
  /** Its name among its replicas. */
  id: string
  metadata: Readonly<Record<string, string>>
  /** What it says of itself, as plain data; nobody has looked at it yet. Undefined where it could not tell. */
  data: unknown
}

/** From the last answer on; they come within milliseconds, but nobody says how many there are. */
const QUIET_MS = 150
/** Who is there answers; a machine under load takes its time. Where nobody is there the server says so at once. */
const WITHIN_MS = 3_000

/**
 * What services say of themselves now (NATS services protocol, see {@link serveMicro}), those that answer within a moment.
 * @param name of one service, all its replicas; left out: of all services
 * @throws the client's errors where the server cannot be asked
 */
export async function askServices(bus: Bus, name?: string): Promise<ServiceState[]> {
  const subject = name === undefined ? '$SRV.STATS' : `$SRV.STATS.${name}`
  const found: ServiceState[] = []
  try {
    for await (const message of await bus.connection.requestMany(subject, '', { strategy: 'stall', stall: QUIET_MS, maxWait: WITHIN_MS })) {
      const state = message.headers?.hasError === true || message.data.length === 0 ? undefined : stateIn(message.string())
      if (state) found.push(state)
    }
  } catch (error) {
    if (!(error instanceof errors.NoRespondersError)) throw error
  }
  return found
}

/** Undefined for what is no answer of the protocol: anybody may answer. */
function stateIn(text: string): ServiceState | undefined {
  try {
    const { name, id, metadata, endpoints } = JSON.parse(text) as Record<string, unknown>
    if (typeof name !== 'string' || typeof id !== 'string') return undefined
    const [endpoint] = Array.isArray(endpoints) ? (endpoints as { data?: unknown }[]) : []
    return { name, id, metadata: (metadata ?? {}) as Record<string, string>, data: endpoint?.data }
  } catch (error) {
    if (Error.isError(error) && error.name === 'SyntaxError') return undefined
    throw error
  }
}
