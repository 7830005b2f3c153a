import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A tick that was seen somewhere, so it must be in the files. */
export interface Witness {
  stream: string
  st: number
}

const LINE = /\{"ts":\d+,"st":(\d+),"cid":(\d+),"tt":"(\w+)"/g
/** The last write of a killed process may be torn, and a torn one counts as never written. */
const LAST_WRITE_US = 100_000
const MOST = 2_000

/** The newest ticks in the spool as it lies on the disk, read without the project's code; those of its very last write are left out. */
export async function readSpoolWitness(dataDir: string): Promise<Witness[]> {
  const folder = join(dataDir, '.state/spool')
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.spool')).sort()
  const newest = segments.at(-1)
  if (newest === undefined) return []
  const bytes = await readFile(join(folder, newest))
  const text = bytes.subarray(0, bytes.lastIndexOf('}') + 1).toString('latin1')
  const found = [...text.matchAll(LINE)].slice(-MOST).map(([, st, cid, tt]) => ({ stream: `${cid}_${tt}`, st: Number(st) }))
  const lastUs = Math.max(0, ...found.map(({ st }) => st))
  return found.filter(({ st }) => st < lastUs - LAST_WRITE_US)
}
