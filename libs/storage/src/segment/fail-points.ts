import { failPoint, failPointIsSet } from '@ib-stream/model'
import type { Disk } from './disk.ts'
import { type DiskCall, gatedDisk } from './gated-disk.ts'

/** Steps of the model at which a writer can be stopped; each is an effect on the disk. */
export const WRITER_FAIL_POINTS = [
  'read the checkpoints',
  'sync the predecessor',
  'truncate',
  'append',
  'fdatasync the data',
  'fsync the data folders',
  'write the visible checkpoint',
  'rename it to visible',
  'write the durable checkpoint',
  'fsync it',
  'rename it to durable',
  'fsync folder state',
  'unlink',
] as const
export type WriterFailPoint = (typeof WRITER_FAIL_POINTS)[number]

/** Steps that only the archive has. */
export type SealerFailPoint =
  | 'write the sealed file'
  | 'fsync the sealed file'
  | 'rename it to sealed'
  | 'fsync folder parquet'
  | 'unlink the rows'
  | 'unlink the hours'

/** The disk itself, but in a test that stops this process at one of its effects. */
export function stoppable(disk: Disk): Disk {
  if (!failPointIsSet) return disk
  let recovered = false
  return gatedDisk(disk, (call, path) => {
    if (call === 'writeText' || call === 'write') recovered = true
    const label = labelOf(call, path, recovered)
    if (label) failPoint(label)
  })
}

const SEALED_LABELS: Partial<Record<DiskCall, SealerFailPoint>> = {
  write: 'write the sealed file',
  syncFile: 'fsync the sealed file',
  rename: 'rename it to sealed',
  syncFolder: 'fsync folder parquet',
  remove: 'unlink the hours',
}

function labelOf(call: DiskCall, path: string, recovered: boolean): WriterFailPoint | SealerFailPoint | undefined {
  const isState = path.startsWith('.state')
  if (path.startsWith('parquet')) return call === 'remove' && path.endsWith('.tmp') ? undefined : SEALED_LABELS[call]
  if (call === 'remove' && path.endsWith('.rows')) return 'unlink the rows'
  switch (call) {
    case 'readText':
      return 'read the checkpoints'
    case 'write':
      return 'append'
    case 'truncate':
      return 'truncate'
    case 'writeText':
      return path.endsWith('.visible.json.tmp') ? 'write the visible checkpoint' : 'write the durable checkpoint'
    case 'rename':
      return path.endsWith('.visible.json.tmp') ? 'rename it to visible' : 'rename it to durable'
    case 'remove':
      return path.startsWith('.state') ? undefined : 'unlink'
    case 'syncFile':
      if (path.endsWith('.durable.json.tmp')) return 'fsync it'
      return recovered ? 'fdatasync the data' : 'sync the predecessor'
    case 'syncFolder':
      if (!recovered) return 'sync the predecessor'
      return isState ? 'fsync folder state' : 'fsync the data folders'
    default:
      return undefined
  }
}
