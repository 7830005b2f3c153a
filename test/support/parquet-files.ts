import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './program.ts'
import { decodeProto, filesBelow, type PlainTick } from './ticks.ts'

/** Columns by the field that each holds; those of flags are false where a tick does not carry it. */
const FIELDS: Record<string, string> = {
  ...{ time: 'ts', received: 'st', request_id: 'rid', backfilled: 'bf' },
  ...{ bid_price: 'bp', bid_size: 'bs', ask_price: 'ap', ask_size: 'as', bid_past_low: 'bpl', ask_past_high: 'aph' },
  ...{ price: 'p', size: 's', exchange: 'ex', conditions: 'sc', unreported: 'upt', past_limit: 'pl', mid_point: 'mp' },
}

const READ_ANEW_MOST = 20

/**
 * Ticks of the archive, of each stream in order of arrival: sealed files as a library reads them that knows nothing of us, and the rows that wait. Where one of them is
 * gone before it is read, because its rows were sealed or its day took its place, all are listed anew.
 * @param doRowsCount of a file of rows, by its path relative to DATA_DIR
 */
export async function readArchive(dataDir: string, doRowsCount: (path: string) => boolean = () => true): Promise<PlainTick[]> {
  for (let readings = 1; ; readings++) {
    try {
      return await readListed(dataDir, doRowsCount)
    } catch (error) {
      if (readings === READ_ANEW_MOST || !String(error).includes('ENOENT')) throw error
    }
  }
}

async function readListed(dataDir: string, doRowsCount: (path: string) => boolean): Promise<PlainTick[]> {
  const rows = (await filesBelow(join(dataDir, '.state/parquet/rows'))).filter(
    (path) => path.endsWith('.rows') && doRowsCount(relative(dataDir, path)),
  )
  const sealed = (await filesBelow(join(dataDir, 'parquet'))).filter((path) => path.endsWith('.parquet'))
  const waiting = (await Promise.all(rows.map((path) => readFile(path)))).flatMap(decodeProto)
  const ticks = waiting.concat(await readSealed(thatCount(sealed)))
  return ticks.sort((a, b) => (a.st ?? 0) - (b.st ?? 0))
}

/** A day file replaces the hours beside it. */
export function thatCount(paths: readonly string[]): string[] {
  const days = new Set(paths.filter((path) => path.endsWith('/day.parquet')).map((path) => path.slice(0, -'day.parquet'.length)))
  return paths.filter((path) => path.endsWith('/day.parquet') || !days.has(path.slice(0, -'00.parquet'.length)))
}

/** The rows of so many bytes of files, as text, are well below what a string may hold. */
const READ_AT_ONCE_BYTES = 4_000_000

export async function readSealed(paths: readonly string[]): Promise<PlainTick[]> {
  const ticks: PlainTick[][] = []
  for (const some of await inPieces(paths)) ticks.push(await readSome(some))
  return ticks.flat()
}

async function inPieces(paths: readonly string[]): Promise<string[][]> {
  const pieces: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const path of paths) {
    const { size } = await stat(path)
    if (bytes + size > READ_AT_ONCE_BYTES) {
      pieces.push([])
      bytes = 0
    }
    pieces.at(-1)?.push(path)
    bytes += size
  }
  return pieces
}

async function readSome(paths: readonly string[]): Promise<PlainTick[]> {
  const child = resolve(ROOT, 'libs/storage/test/parquet/hyparquet-child.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [child, ...paths], { maxBuffer: 1e9 })
  const files = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { rows: Record<string, unknown>[] }).rows)
  return files.flatMap((rows, file) => {
    const [, cid, tt = ''] = /cid=(\d+)\/tt=(\w+)\//.exec(paths[file] ?? '') ?? []
    return rows.map((row) => tickOf(row, Number(cid), tt))
  })
}

function tickOf(row: Record<string, unknown>, cid: number, tt: string): PlainTick {
  const fields = Object.entries(row).filter(([, value]) => value !== null && value !== false)
  return { cid, tt, ...Object.fromEntries(fields.map(([name, value]) => [FIELDS[name] ?? name, value])) } as PlainTick
}
