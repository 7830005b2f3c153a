import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hash31, hourOf, type TickMessage } from '@ib-stream/model'
import { encodeTickJson } from '../../src/codec/json.ts'
import { encodeTickProto } from '../../src/codec/proto.ts'
import type { Backend } from '../../src/layout/backend.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { bootId } from '../../src/segment/boot-id.ts'
import { type Disk, nodeDisk } from '../../src/segment/disk.ts'
import { openPartitionStoreOn, type PartitionStore } from '../../src/segment/partition-store.ts'
import type { TornTail } from '../../src/segment/torn-tail.ts'

/** IBM's. */
export const PARTITION = 9
export const HOUR_US = hourOf(1753884000_000000)
export const source = { spoolId: 'spool-1', source: 'simulator' as const }

export const fileOf = (hourUs = HOUR_US, backend: Backend = 'json') => segmentPath({ backend, cid: 8314, tt: 'last', hourUs })
export const tickAt = (ts: number, st = ts): TickMessage => ({ ts, st, cid: 8314, tt: 'last', rid: hash31(8314, 'last'), p: 1, s: 2 })
export const recordOf = (tick: TickMessage, backend: Backend = 'json'): Uint8Array =>
  backend === 'json' ? Buffer.from(`${encodeTickJson(tick)}\n`) : encodeTickProto(tick)

/** A store on a disk that a test can make fail; without a lock of its own. */
export function openOn(
  dataDir: string,
  about: { wrap?: (disk: Disk) => Disk; backend?: Backend; partition?: number | 'events'; onTornTail?: (torn: TornTail) => void } = {},
): Promise<PartitionStore> {
  const { wrap = (disk) => disk, backend = 'json', partition = PARTITION, onTornTail } = about
  const lock = { check: async () => undefined, release: async () => undefined }
  return openPartitionStoreOn({
    disk: wrap(nodeDisk(dataDir)),
    lock,
    bootId: bootId(),
    backend,
    partition,
    source,
    ...(onTornTail && { onTornTail }),
  })
}

/** The next message: one tick, in the file of its hour. */
export function takeTick(store: PartitionStore, tick: TickMessage, backend: Backend = 'json'): void {
  store.append(fileOf(hourOf(tick.ts), backend), recordOf(tick, backend))
  store.advance(store.seq + 1, tick.st)
}

export async function put(dataDir: string, path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(dataDir, path)), { recursive: true })
  await writeFile(join(dataDir, path), bytes)
}

export const bytesOf = (dataDir: string, path: string): Promise<Buffer> => readFile(join(dataDir, path))
