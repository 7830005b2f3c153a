import type { RecorderEvent, RecorderEventKind } from '@ib-stream/model'
import { readEventFiles, readLedger } from '@ib-stream/tape'
import type { ServerDeps } from '../server-deps.ts'

/** What a ledger of streams is made from. */
export const LEDGER_KINDS: readonly RecorderEventKind[] = ['connection', 'subscription', 'gap_opened', 'gap', 'backfill']

/**
 * What the recorder has said of some kinds so far, oldest first: from the log and its stream of events; while NATS is away from the files, which writer-json makes.
 * @throws TapeError `IBS_TAPE_LOG_AWAY`; `signal.reason`
 */
export async function recorderEvents(
  { live: { bus }, dataDir, nowUs }: Pick<ServerDeps, 'live' | 'dataDir' | 'nowUs'>,
  kinds: readonly RecorderEventKind[],
  signal: AbortSignal,
): Promise<RecorderEvent[]> {
  if (bus?.state === 'connected') return await readLedger({ bus, kinds, signal })
  const events: RecorderEvent[] = []
  for await (const event of readEventFiles(dataDir, nowUs())) if (kinds.includes(event.kind)) events.push(event)
  return events
}
