import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash31, hourOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { encodeTickJson, encodeTickProto, openPartitionStore, type PartitionStore, segmentPath } from '@ib-stream/storage'

const HOUR_US = hourOf(1753884000_000000)

/** The one file of a recorded hour. */
export const fileOf = (backend: 'json' | 'pb'): string => segmentPath({ backend, cid: 8314, tt: 'last', hourUs: HOUR_US })

export async function openWriter(dataDir: string, backend: 'json' | 'pb'): Promise<PartitionStore> {
  const store = await openPartitionStore({ dataDir, backend, partition: 9, source: { spoolId: 's', source: 'simulator' } })
  if (store === undefined) throw new Error('the partition is locked')
  return store
}

/** A DATA_DIR with five ticks of one hour in both backends, closed; gone afterwards. */
export async function recordedHour() {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-cli-'))
  for (const backend of ['json', 'pb'] as const) {
    await using store = await openWriter(dataDir, backend)
    for (let seq = 1; seq <= 5; seq++) {
      const tick: TickMessage = { ts: HOUR_US, st: HOUR_US + seq, cid: 8314, tt: 'last', rid: hash31(8314, 'last'), p: seq, s: 1 }
      store.append(fileOf(backend), backend === 'json' ? Buffer.from(`${encodeTickJson(tick)}\n`) : encodeTickProto(tick))
      store.advance(seq, tick.st)
    }
    await store.commitVisible()
    store.advance(9, HOUR_US + 2 * US_PER_HOUR)
    await store.commitDurable()
  }
  const at = (backend: 'json' | 'pb') => join(dataDir, fileOf(backend))
  return { dataDir, at, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true }) }
}
