import { decodeTickJson } from '../codec/json.ts'
import { type Backend, decoderOf, framingOf } from '../layout/backend.ts'
import { parseEventsPath, parseSegmentPath } from '../layout/segment-path.ts'
import { decodeManifestEntry } from '../manifest/manifest-entry.ts'
import { type Disk, foldersOf } from './disk.ts'
import { scanFile } from './scan-file.ts'

/** The end of a file that was no whole record, and where it was put when the file was to be appended to. */
export interface TornTail {
  path: string
  offsetBytes: number
  bytes: number
  /** Its copy, relative to DATA_DIR. */
  keptIn: string
}

export interface TornTailGround {
  disk: Disk
  backend: Backend
  onTornTail?: ((torn: TornTail) => void) | undefined
}

/**
 * Makes the end of a file that no checkpoint lists fit to be appended to: a record added behind half of one would be lost with it. A last line that only lacks
 * its newline gets it; any other tail is copied to `.state/<backend>/torn/`, durably, and the caller lists the file without it.
 * @param bytes size of the file
 * @returns bytes of whole records
 */
export async function mendTail(ground: TornTailGround, path: string, bytes: number): Promise<number> {
  const { disk } = ground
  if (bytes === 0 || (await endsInNewline(disk, path, bytes))) return bytes
  const { wholeBytes } = await scanFile(disk, path, bytes)
  if (wholeBytes === bytes) return bytes
  const tail = await disk.read(path, wholeBytes, bytes - wholeBytes)
  if (lacksOnlyNewline(path, tail)) {
    await disk.write(path, Buffer.from('\n'), bytes)
    return bytes + 1
  }
  const keptIn = `.state/${ground.backend}/torn/${path.replace(/^\.state\//, '')}@${wholeBytes}`
  await keep(disk, keptIn, tail)
  ground.onTornTail?.({ path, offsetBytes: wholeBytes, bytes: tail.length, keptIn })
  return wholeBytes
}

/** Enough for lines; records with a length before them have to be walked. */
async function endsInNewline(disk: Disk, path: string, bytes: number): Promise<boolean> {
  const backend = parseSegmentPath(path)?.backend
  if (backend !== undefined && framingOf(backend) === 'varint') return false
  return (await disk.read(path, bytes - 1, 1))[0] === 10
}

function lacksOnlyNewline(path: string, tail: Uint8Array): boolean {
  const line = Buffer.from(tail).toString('utf8')
  const backend = parseSegmentPath(path)?.backend
  if (backend !== undefined && framingOf(backend) === 'varint') return false
  if (backend === undefined && parseEventsPath(path) === undefined) return decodeManifestEntry(line) !== undefined
  try {
    if (backend === undefined) JSON.parse(line)
    else (decoderOf(backend) ?? (() => decodeTickJson(line)))(tail)
    return true
  } catch {
    return false // whatever is wrong with it, it is not a whole record
  }
}

async function keep(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const folders = foldersOf(path)
  await disk.makeFolder(folders[0] ?? '')
  await disk.write(path, bytes, 0)
  await disk.syncFile(path)
  for (const folder of folders) await disk.syncFolder(folder)
}
