import { decodeProto, type PlainTick, parseLines } from '../../support/ticks.ts'
import { crc32c } from './crc32c.ts'
import type { Fault } from './diff.ts'
import type { Tree } from './tree.ts'

/** One line of a manifest: what a closed file held when it was closed. */
interface Entry extends Facts {
  path: string
  bytes: number
  crc32c: string
  firstSeq: number
  lastSeq: number
}

interface Facts {
  count: number
  firstTs: number
  lastTs: number
  lastSt: number
  sorted: boolean
}

export interface ManifestVerdict {
  /** Lines of all manifests. */
  entries: number
  faults: readonly Fault[]
}

/**
 * Holds the manifests to the files, byte by byte and record by record. Each version that a file was closed in must be a beginning of what it is now, the newest
 * the whole of it unless a checkpoint lists it again; no file may lie there that nothing vouches for; and the two backends must say the same of one hour.
 */
export function judgeManifests({ files, manifests, listed }: Tree): ManifestVerdict {
  const faults: Fault[] = []
  const newest = new Map<string, Entry>()
  let entries = 0
  for (const [manifest, text] of manifests)
    for (const line of text.split('\n').slice(0, -1)) {
      entries += 1
      const entry = readEntry(line)
      if (!entry) {
        faults.push(fault('changed', `${manifest}: the sum of a line does not fit it: ${line}`))
        continue
      }
      faults.push(...judgeEntry(entry, files.get(entry.path), newest.get(entry.path)))
      newest.set(entry.path, entry)
    }
  for (const [path, bytes] of files) faults.push(...judgeFile(path, bytes, listed.get(path) ?? newest.get(path)?.bytes))
  for (const path of new Set([...listed.keys(), ...newest.keys()]))
    if (!files.has(path) && !path.startsWith('.state') && (listed.get(path) ?? newest.get(path)?.bytes ?? 0) > 0)
      faults.push(fault('lost', `${path} is vouched for and not there`))
  return { entries, faults: [...faults, ...judgePairs(newest)] }
}

const fault = (kind: Fault['kind'], detail: string): Fault => ({ kind, count: 1, detail })

const LINE = /^\{"crc32c":"([0-9a-f]{8})","file":(\{.*\})\}$/

function readEntry(line: string): Entry | undefined {
  const [, sum, body = ''] = LINE.exec(line) ?? []
  return sum === crc32c(Buffer.from(body)) ? (JSON.parse(body) as Entry) : undefined
}

function judgeEntry(entry: Entry, bytes: Buffer | undefined, before: Entry | undefined): Fault[] {
  const { path } = entry
  if (before && entry.bytes < before.bytes)
    return [fault('misordered', `${path}: a version of ${entry.bytes} bytes after one of ${before.bytes}`)]
  if (!bytes || bytes.length < entry.bytes)
    return [fault('lost', `${path} has ${bytes?.length ?? 'no'} of the ${entry.bytes} bytes of its manifest`)]
  const held = bytes.subarray(0, entry.bytes)
  if (crc32c(held) !== entry.crc32c) return [fault('changed', `${path}: the sum of its first ${entry.bytes} bytes is another one`)]
  if (path.startsWith('events/')) return []
  const facts = factsOf(path, held)
  const wrong = (Object.keys(facts) as (keyof Facts)[]).find((key) => facts[key] !== entry[key])
  return wrong ? [fault('changed', `${path}: its manifest says ${wrong} ${entry[wrong]}, it is ${facts[wrong]}`)] : []
}

function judgeFile(path: string, { length }: Buffer, vouchedBytes: number | undefined): Fault[] {
  if (vouchedBytes === undefined)
    return length === 0 ? [] : [fault('lost', `nothing vouches for ${path}: its line is missing in the manifest`)]
  if (length > vouchedBytes) return [fault('doubled', `${path} has ${length - vouchedBytes} bytes that nothing vouches for`)]
  return length < vouchedBytes ? [fault('lost', `${path} has ${length} of ${vouchedBytes} bytes`)] : []
}

function factsOf(path: string, bytes: Buffer): Facts {
  const ticks = path.startsWith('json/') ? parseLines(bytes.toString('utf8')) : decodeProto(bytes)
  const before = (a: PlainTick | undefined, b: PlainTick) => !a || a.ts < b.ts || (a.ts === b.ts && (a.st ?? 0) <= (b.st ?? 0))
  let [largest, sorted]: [PlainTick | undefined, boolean] = [undefined, true]
  for (const tick of ticks) {
    sorted &&= before(largest, tick)
    if (before(largest, tick)) largest = tick
  }
  const stamps = ticks.map(({ ts }) => ts)
  return {
    count: ticks.length,
    firstTs: stamps.reduce((least, ts) => Math.min(least, ts), Number.POSITIVE_INFINITY),
    lastTs: stamps.reduce((most, ts) => Math.max(most, ts), 0),
    lastSt: ticks.at(-1)?.st ?? 0,
    sorted,
  }
}

/** Both backends are the same function of the log, so where both have closed an hour with as many ticks, everything that is no byte must be equal. */
function judgePairs(newest: ReadonlyMap<string, Entry>): Fault[] {
  return [...newest.values()].flatMap((json) => {
    const pb = newest.get(json.path.replace(/^json\//, 'pb/').replace(/\.jsonl$/, '.pb'))
    if (!json.path.startsWith('json/') || !pb || pb.count !== json.count) return []
    const keys = ['firstTs', 'lastTs', 'lastSt', 'firstSeq', 'lastSeq', 'sorted'] as const
    const wrong = keys.find((key) => json[key] !== pb[key])
    return wrong ? [fault('changed', `${json.path}: ${wrong} is ${json[wrong]}, in ${pb.path} ${pb[wrong]}`)] : []
  })
}
