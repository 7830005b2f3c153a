import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { encodeSealed, encodeTickProto } from '@ib-stream/storage'
import type { PlainTick } from '../../support/ticks.ts'
import { crc32c } from './crc32c.ts'
import type { Tree } from './tree.ts'

const SECOND_US = 1_000_000
const HOUR_S = 3_600
const CLOSED_S = 1_753_880_400
const CID = 265598

/** Forty trades, ten in an hour that is closed and thirty in one that a checkpoint lists. */
export const TICKS: readonly (PlainTick & { st: number })[] = Array.from({ length: 40 }, (_, i) => {
  const ts = (CLOSED_S + (i < 10 ? HOUR_S - 10 : HOUR_S) + i) * SECOND_US
  return { ts, st: ts + 1_000 + i, cid: CID, tt: 'last', rid: 1, p: 229 + i / 4, s: 100 }
})

const pathsOf = (hourS: number) => ({
  json: `json/2025/07/30/${hourS === CLOSED_S ? 13 : 14}/${CID}_last_${hourS}.jsonl`,
  pb: `pb/2025/07/30/${hourS === CLOSED_S ? 13 : 14}/${CID}_last_${hourS}.pb`,
})
export const CLOSED = pathsOf(CLOSED_S)
export const LISTED = pathsOf(CLOSED_S + HOUR_S)
export const MANIFEST = '.state/json/manifest/2025-07-30/14.jsonl'

/** What the recorder said on that day. */
export const EVENTS: readonly string[] = Array.from({ length: 12 }, (_, i) => {
  const st = (CLOSED_S + i) * SECOND_US
  return JSON.stringify({ kind: 'subscription', st, epoch: 1, cid: CID, tt: 'last', state: i % 2 === 0 ? 'ended' : 'active', number: i })
})
export const EVENTS_FILE = 'events/2025-07-30.jsonl'

export const encode = {
  json: (ticks: readonly PlainTick[]): Buffer => Buffer.from(ticks.map((tick) => `${JSON.stringify(tick)}\n`).join('')),
  pb: (ticks: readonly PlainTick[]): Buffer => Buffer.concat(ticks.map((tick) => encodeTickProto(tick as never))),
}

/** A line as a manifest has it, with a sum that fits. */
export function manifestLine(path: string, bytes: Buffer, ticks: readonly (PlainTick & { st: number })[], more: object = {}): string {
  const body = JSON.stringify({
    path,
    bytes: bytes.length,
    crc32c: crc32c(bytes),
    count: ticks.length,
    firstTs: ticks[0]?.ts,
    lastTs: ticks.at(-1)?.ts,
    lastSt: ticks.at(-1)?.st,
    firstSeq: 1,
    lastSeq: 10,
    sorted: true,
    ...more,
  })
  return `{"crc32c":"${crc32c(Buffer.from(body))}","file":${body}}\n`
}

export interface PlantedTree extends Tree {
  files: Map<string, Buffer>
  manifests: Map<string, string>
  listed: Map<string, number>
  /** What its sealed hour has, and the rows of the one that is open. */
  archive: { sealed: readonly PlainTick[]; rows: readonly PlainTick[] }
}

const ROWS = `.state/parquet/rows/2025/07/30/14/${CID}_last_${CLOSED_S + HOUR_S}.rows`
const SEALED = `parquet/cid=${CID}/tt=last/date=2025-07-30/13.parquet`

/** What three writers leave that made no mistake: the closed hour was closed twice, with five ticks and with all ten. */
export function wholeTree(): PlantedTree {
  const archive = { sealed: TICKS.slice(0, 10), rows: TICKS.slice(10) }
  const tree: PlantedTree = { files: new Map(), manifests: new Map(), listed: new Map([[ROWS, 0]]), hasArchive: true, archive }
  for (const backend of ['json', 'pb'] as const) {
    const [closed, listed] = [encode[backend](TICKS.slice(0, 10)), encode[backend](TICKS.slice(10))]
    tree.files.set(CLOSED[backend], closed).set(LISTED[backend], listed)
    const early = TICKS.slice(0, 5)
    const lines = [manifestLine(CLOSED[backend], encode[backend](early), early), manifestLine(CLOSED[backend], closed, TICKS.slice(0, 10))]
    tree.manifests.set(MANIFEST.replace('json', backend), lines.join(''))
    tree.listed.set(LISTED[backend], listed.length)
  }
  return plantEvents(tree, EVENTS)
}

/** Puts recorder events into their file, listed by a checkpoint. */
export function plantEvents(tree: ReturnType<typeof wholeTree>, lines: readonly string[]): ReturnType<typeof wholeTree> {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  tree.files.set(EVENTS_FILE, bytes)
  tree.listed.set(EVENTS_FILE, bytes.length)
  return tree
}

/** A DATA_DIR of its own that holds the tree, and what the gateway sent beside it. */
export async function onDisk(tree: PlantedTree): Promise<{ dataDir: string; truthFile: string } & AsyncDisposable> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ibs-judge-'))
  const put = async (path: string, content: Buffer | string) => {
    await mkdir(dirname(join(dataDir, path)), { recursive: true })
    await writeFile(join(dataDir, path), content)
  }
  for (const [path, bytes] of tree.files) await put(path, bytes)
  for (const [path, text] of tree.manifests) await put(path, text)
  await put(ROWS, encode.pb(tree.archive.rows))
  const head = { cid: CID, tt: 'last', seq: 10 } as const
  await put(SEALED, Buffer.from((await encodeSealed(tree.archive.sealed as never, head)).bytes))
  const backendOf = (path: string) => (path === EVENTS_FILE ? 'json' : /^(?:\.state\/)?(\w+)\//.exec(path)?.[1])
  for (const backend of ['json', 'pb', 'parquet']) {
    const files = Object.fromEntries([...tree.listed].filter(([path]) => backendOf(path) === backend))
    await put(`.state/${backend}/checkpoints/14.durable.json`, JSON.stringify({ crc32: '', checkpoint: { v: 2, files } }))
    await put(`.state/${backend}/checkpoints/14.visible.json`, JSON.stringify({ crc32: '', checkpoint: { v: 1, files: {} } }))
  }
  await put('truth.jsonl', TICKS.map(({ st: _, ...tick }) => `${JSON.stringify(tick)}\n`).join(''))
  return { dataDir, truthFile: join(dataDir, 'truth.jsonl'), [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) }
}
