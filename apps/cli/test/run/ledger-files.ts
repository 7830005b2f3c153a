import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecorderEvent } from '@ib-stream/model'
import { eventsPath, openPartitionStore } from '@ib-stream/storage'

/** A recording whose events are these, as writer-json would have written them, known up to `untilUs`. */
export async function ledgerFiles(events: readonly RecorderEvent[], untilUs: number): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-ledger-'))
  const source = { spoolId: 'test', source: 'simulator' } as const
  const store = await openPartitionStore({ dataDir, backend: 'json', partition: 'events', source })
  if (!store) throw new Error('the partition is locked')
  for (const event of events) store.append(eventsPath(event.st), Buffer.from(`${JSON.stringify(event)}\n`))
  store.advance(events.length, untilUs)
  await store.commitVisible()
  await store.close()
  return dataDir
}
