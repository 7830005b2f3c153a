import { compareTicks, type TickMessage } from '@ib-stream/model'
import { ColumnBuffer, columnsOf, rowsOf, type TickColumns } from '../codec/columns.ts'
import { gather, rowList } from '../query/gather.ts'
import type { SealedFacts } from './footer.ts'
import { ScaleFinder } from './scale-finder.ts'
import type { Scales } from './schema.ts'
import { GROUP_ROWS, type SealedHead, SealedWriter } from './sealed-writer.ts'

/**
 * Of zstd. Quotes of a real day in hours take 4.63, 4.41 and 4.39 bytes a tick at 9, 15 and 19, as a day 3.64, 3.30 and 3.28; an hour waits for its file while it is made, a day
 * is made once.
 */
export const LEVEL = { hour: 15, day: 19 } as const

/** Ticks of one contract and type as the bytes of a sealed file; sorts them. All in memory: for files, see `sealTo`. */
export async function encodeSealed(
  ticks: readonly TickMessage[],
  head: SealedHead,
  level: number = LEVEL.day,
): Promise<{ bytes: Uint8Array; facts: SealedFacts }> {
  const columns = columnsOf(ticks.toSorted(compareTicks))
  const finder = new ScaleFinder()
  finder.look(columns)
  const pieces: Uint8Array[] = []
  const source = async function* () {
    yield columns
  }
  const facts = await sealColumns(source(), { head, level, scales: finder.scales }, async (bytes) => void pieces.push(bytes))
  return { bytes: Buffer.concat(pieces), facts }
}

/**
 * Makes a sealed file of columns in query order, all of one contract and type; gives out its bytes piece by piece.
 * @param source columns that stay as they are while more are asked for
 * @param options.scales of all columns, see `ScaleFinder`
 */
export async function sealColumns(
  source: AsyncIterable<TickColumns>,
  options: { head: SealedHead; level: number; scales: Scales },
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<SealedFacts> {
  const writer = new SealedWriter(options)
  await write(writer.begin())
  for await (const group of inGroups(source)) await write(await writer.rowGroup(group))
  const { bytes, facts } = writer.end()
  await write(bytes)
  return facts
}

/** The same rows, as many at once as a row group has. */
async function* inGroups(source: AsyncIterable<TickColumns>): AsyncGenerator<TickColumns, void, undefined> {
  let held: TickColumns[] = []
  let rows = 0
  for await (const columns of source) {
    for (let from = 0; from < columns.length; ) {
      const to = Math.min(columns.length, from + GROUP_ROWS - rows)
      held.push(rowsOf(columns, from, to))
      rows += to - from
      from = to
      if (rows < GROUP_ROWS) continue
      yield joined(held, rows)
      held = []
      rows = 0
    }
  }
  if (rows > 0) yield joined(held, rows)
}

function joined(pieces: readonly TickColumns[], rows: number): TickColumns {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const list = rowList(rows)
  for (const [which, { length }] of pieces.entries()) {
    for (let row = 0; row < length; row++, list.length++) {
      list.which[list.length] = which
      list.rows[list.length] = row
    }
  }
  const out = new ColumnBuffer(rows)
  gather(out, pieces, list)
  return out
}
