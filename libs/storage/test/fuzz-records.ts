import { isDeepStrictEqual } from 'node:util'
import { checkTick, codeOf, type TickMessage } from '@ib-stream/model'
import fc from 'fast-check'
import { formatOf } from '../src/codec/block-reader.ts'
import { ColumnBuffer } from '../src/codec/columns.ts'
import { tickOfRow } from '../src/codec/tick-of-row.ts'
import type { Backend } from '../src/layout/backend.ts'
import { arbitraryTick } from './arbitrary-tick.ts'
import { mutated, type Random, randomOf } from './mutate.ts'
import { recordOf } from './recorded-tree.ts'

/** What became of the damaged records: `uncut` are blocks that no longer could be cut into records. */
export interface FuzzCounts {
  ticks: number
  refused: number
  uncut: number
}

/**
 * Damages records of ticks at random and reads them by objects and by columns. Each must end in a valid tick or in a typed error, the same by both ways.
 * @param seed the same seed damages the same bytes in the same way
 * @throws Error with the bytes, as hex, of the first block that does not
 */
export function fuzzRecords(backend: Backend, { blocks, seed }: { blocks: number; seed: number }): FuzzCounts {
  const records = fc.sample(arbitraryTick, { numRuns: 1000, seed }).map((tick) => recordOf(backend, tick))
  const random = randomOf(seed)
  const counts: FuzzCounts = { ticks: 0, refused: 0, uncut: 0 }
  for (let n = 0; n < blocks; n++) {
    const block = blockOf(backend, records, random)
    try {
      readBlock(backend, block, counts)
    } catch (cause) {
      throw new Error(`${backend} block ${n} of seed ${seed}, ${Buffer.from(block).toString('hex')}: ${String(cause)}`, { cause })
    }
  }
  return counts
}

/** A damaged record before a sound one: what is wrong with the first must not reach the second. */
function blockOf(backend: Backend, records: readonly Uint8Array[], random: Random): Uint8Array {
  const [record, other, sound] = [0, 0, 0].map(() => records[random.below(records.length)] ?? new Uint8Array(0)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  if (backend === 'json') return Buffer.concat([mutated(record.subarray(0, -1), other, random), Buffer.from('\n'), sound])
  if (random.below(4) === 0) return Buffer.concat([mutated(record, other, random), sound]) // its length may be damaged too
  const message = mutated(record.subarray(lengthBytes(record)), other, random)
  return Buffer.concat([lengthOf(message.length), message, sound])
}

const lengthBytes = (record: Uint8Array): number => record.findIndex((byte) => byte < 0x80) + 1

const lengthOf = (bytes: number): Uint8Array => Uint8Array.from(bytes < 0x80 ? [bytes] : [(bytes & 0x7f) | 0x80, bytes >> 7])

function readBlock(backend: Backend, bytes: Uint8Array, counts: FuzzCounts): void {
  const cut = answerOf(() => bytes.subarray(0, formatOf(backend).wholeBytes(bytes)))
  if (typeof cut === 'string') {
    counts.uncut++
    return
  }
  const byObjects = formatOf(backend).read(cut)
  const byColumns = formatOf(backend).read(cut)
  const columns = new ColumnBuffer(1)
  for (;;) {
    const { end } = byObjects
    if (!byObjects.next()) break
    if (byObjects.start !== end || byObjects.end <= byObjects.start) throw new Error(`does not go on at byte ${end}`)
    const hasStamps = byObjects.readStamps()
    const { ts, st } = byObjects
    const tick = answerOf(() => byObjects.decode())
    if (columns.length > 0) columns.pop()
    const row = answerOf(() => (byColumns.nextInto(columns) ? tickOfRow(columns, 0) : 'the end'))
    if (!isDeepStrictEqual(tick, row)) throw new Error(`objects give ${JSON.stringify(tick)}, columns ${JSON.stringify(row)}`)
    if (byColumns.end !== byObjects.end) throw new Error(`objects go to byte ${byObjects.end}, columns to ${byColumns.end}`)
    if (typeof tick === 'string') counts.refused++
    else {
      assertTick(tick)
      if (hasStamps && (tick.ts !== ts || tick.st !== st)) throw new Error(`the stamps are read as ${ts}, ${st}: ${JSON.stringify(tick)}`)
      counts.ticks++
    }
  }
  if (byColumns.nextInto(columns)) throw new Error('columns have a record more')
}

function assertTick(tick: TickMessage): void {
  const check = checkTick(tick)
  if (!check.ok) throw new Error(`${JSON.stringify(tick)} is no tick: ${check.fault.field}`)
}

/** The value, or the code of the typed error. */
function answerOf<Value>(act: () => Value): Value | string {
  try {
    return act()
  } catch (error) {
    const code = codeOf(error)
    if (code === 'IBS_STORAGE_TICK_INVALID' || code === 'IBS_STORAGE_RECORD_TOO_LONG') return code
    throw error
  }
}
