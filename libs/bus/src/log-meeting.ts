import { failPoint } from '@ib-stream/model'
import type { Bus } from './connection.ts'
import { BusError } from './errors.ts'
import type { Spool } from './spool.ts'
import { type LogOwner, TICKS } from './stream-configs.ts'
import { createLog, ensureStreams, forgetFirstSeq, othersStand, readLog } from './streams.ts'

export interface LogMeetingOptions {
  bus: Bus
  spool: Pick<Spool, 'low'>
  owner: LogOwner
  logMaxBytes: number
  /** Servers that keep each stream. */
  replicas: number
  /** Whether the server refused a message as if the log ended below `lastSeq`, while nothing is on its way. */
  hasLostCount: (lastSeq: number) => boolean
  /** A stream beside the log is not ours, or was changed and cannot be changed back. */
  onRefused: (error: BusError) => void
}

/** Finds the log as it should be, or makes it, and the streams beside it. */
export class LogMeeting {
  readonly #options: LogMeetingOptions
  /** The streams were all held to their configuration; from then on they are looked at beside the log. */
  #streamsStand = false

  constructor(options: LogMeetingOptions) {
    this.#options = options
  }

  /**
   * @returns the last sequence of the log
   * @throws BusError `IBS_BUS_FOREIGN_LOG`, `IBS_BUS_STREAM_DIFFERS`; what the server says, to be tried again
   */
  async meet(): Promise<number> {
    const { bus, spool, owner, logMaxBytes, replicas } = this.#options
    failPoint('STREAM.INFO')
    const found = await readLog(bus.manager)
    if (!found) {
      failPoint('make the stream ours')
      await createLog(bus.manager, owner, { firstSeq: spool.low, maxBytes: logMaxBytes, replicas })
      await ensureStreams(bus.manager, owner, replicas)
      this.#streamsStand = true
      return spool.low - 1
    }
    if (found.owner.spoolId !== owner.spoolId || found.owner.source !== owner.source) throw foreignLog(found.owner, owner)
    await forgetFirstSeq(bus.manager) // who made it may have died before
    await this.#mendEnd(found)
    if (this.#streamsStand) void this.#tendOthers()
    else await ensureStreams(bus.manager, owner, replicas)
    this.#streamsStand = true
    return found.lastSeq
  }

  /**
   * Somebody purged the log while messages came (see `purgeAtRest`), and the server takes it to end below its last message: it would refuse everything from here on. A purge
   * that drops nothing, with nothing on its way, puts that right.
   */
  async #mendEnd({ firstSeq, lastSeq }: { firstSeq: number; lastSeq: number }): Promise<void> {
    const { bus, hasLostCount } = this.#options
    if (firstSeq > 1 && hasLostCount(lastSeq)) await bus.manager.streams.purge(TICKS, { seq: firstSeq })
  }

  /** The log does not wait for it: in a cluster that has just lost a server each stream may be without a leader for some seconds. */
  async #tendOthers(): Promise<void> {
    const { bus, owner, replicas, onRefused } = this.#options
    try {
      if (!(await othersStand(bus.manager))) await ensureStreams(bus.manager, owner, replicas)
    } catch (error) {
      if (error instanceof BusError) onRefused(error) // anything else: with the next connection
    }
  }
}

function foreignLog(found: LogOwner, mine: LogOwner): BusError {
  const what = found.source === mine.source ? `spool ${found.spoolId || 'unknown'}` : `the ${found.source || 'unknown source'}`
  return new BusError(
    'IBS_BUS_FOREIGN_LOG',
    `the log belongs to ${what}, not to spool ${mine.spoolId} of the ${mine.source}; stop the other ingest, or use another NATS or DATA_DIR`,
    { found, mine },
  )
}
