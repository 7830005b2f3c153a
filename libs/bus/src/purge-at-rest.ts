import { type Bus, pause } from './connection.ts'
import { BusError } from './errors.ts'
import { TICKS } from './stream-configs.ts'

/** The log is confirmed to the last message within this, or it is trimmed another time. */
const AT_REST_WITHIN_MS = 5_000
const AT_REST_LOOK_MS = 1
const PURGE_ASKED_MOST = 3

/** Who publishes the log, and sends nothing new until the purge is over. */
export interface RestingPublisher {
  /** Nothing is on its way. */
  isAtRest: () => boolean
  state: () => string
  signal: AbortSignal
}

/**
 * Drops from the log all below `belowSeq`, with nothing on its way meanwhile. A server that keeps a log alone and purges it puts what it takes to be the log's end back
 * to where that was when the purge was done: what came in between is refused in its turn, and taken again where it is sent again (seen on 2.10.27, not on 2.15.1).
 * @throws BusError `IBS_BUS_LOG_BUSY` when the log does not come to rest; what the server says; `signal.reason`
 */
export async function purgeAtRest(bus: Bus, belowSeq: number, publisher: RestingPublisher): Promise<void> {
  await comeToRest(publisher)
  await purge(bus, belowSeq, publisher.signal)
}

async function comeToRest({ isAtRest, state, signal }: RestingPublisher): Promise<void> {
  const untilMs = performance.now() + AT_REST_WITHIN_MS
  while (!isAtRest()) {
    if (performance.now() > untilMs) throw new BusError('IBS_BUS_LOG_BUSY', `the log is ${state()}; it is trimmed when it confirms again`)
    await pause(AT_REST_LOOK_MS, signal)
  }
}

/** A server that does not answer in time may still be at it, so nothing is sent before it was asked again; at last it is more likely dead. */
async function purge(bus: Bus, belowSeq: number, signal: AbortSignal): Promise<void> {
  for (let asked = 1; ; asked++) {
    try {
      await bus.manager.streams.purge(TICKS, { seq: belowSeq })
      return
    } catch (error) {
      if (asked === PURGE_ASKED_MOST || signal.aborted) throw error
    }
  }
}
