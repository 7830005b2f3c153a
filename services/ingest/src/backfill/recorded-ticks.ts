import type { Bus, Publisher } from '@ib-stream/bus'
import type { TickMessage } from '@ib-stream/model'
import type { Backend } from '@ib-stream/storage'
import { openHistory } from '@ib-stream/tape'
import type { StreamRange } from './fill.ts'

/**
 * Reads what is recorded of a range: waits until the log has confirmed everything that was published, then files and log, closed hours too, for what was filled in
 * a moment ago is late there.
 * @throws what keeps it from being certain: without the log it is not known what is missing
 */
export function recordedTicks(parts: { bus: Bus; publisher: Publisher; dataDir: string; backends: readonly Backend[] }) {
  return async ({ cid, tt, startUs, endUs }: StreamRange, signal: AbortSignal): Promise<readonly TickMessage[]> => {
    const { bus, publisher, dataDir, backends } = parts
    await publisher.settled(signal)
    await using history = await openHistory({ dataDir, backends, cids: [cid], tts: [tt], startUs, endUs, bus, tailOf: 'all', signal })
    if (history.tail === 'unavailable') throw new Error('the log does not answer, so it is not known what is missing')
    const ticks: TickMessage[] = []
    for await (const batch of history.batches()) ticks.push(...batch)
    return ticks
  }
}
