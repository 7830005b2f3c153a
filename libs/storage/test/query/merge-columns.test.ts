import { compareTicks, type TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { ColumnBuffer, columnMemory, FIELD_BIT, type FieldKey, type TickColumns } from '../../src/codec/columns.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { mergeColumns } from '../../src/query/merge-columns.ts'
import { arbitraryTick, tickAt } from '../arbitrary-tick.ts'

const FIRST_US = 1_753_884_000_000_000
const byStamps = (a: TickMessage, b: TickMessage): number => a.ts - b.ts || a.st - b.st

/** Few stamps for many ticks, so that most are equal. */
const arbitraryStamped = fc
  .tuple(arbitraryTick, fc.nat(3), fc.nat(2))
  .map(([tick, ts, st]): TickMessage => ({ ...tick, ts: FIRST_US + ts, st: FIRST_US + st }))

/** One source: its ticks in order, cut into columns, some of them empty. */
const arbitrarySource = fc
  .tuple(fc.array(arbitraryStamped, { maxLength: 25 }), fc.array(fc.nat(6), { maxLength: 8 }))
  .map(([ticks, lengths]) => {
    const rest = ticks.sort(byStamps)
    const pieces = lengths.map((length) => rest.splice(0, length))
    return [...pieces, rest]
  })

function columnsOf(ticks: readonly TickMessage[]): ColumnBuffer {
  const columns = new ColumnBuffer(ticks.length)
  for (const tick of ticks) columns.push(tick)
  return columns
}

/** As `sourceOf`, but it writes all its columns into one and the same memory. */
async function* lendingSource(pieces: readonly (readonly TickMessage[])[]): AsyncGenerator<ColumnBuffer, void, undefined> {
  const memory = columnMemory('lent', Math.max(1, ...pieces.map(({ length }) => length)))
  for (const piece of pieces) {
    const columns = memory()
    for (const tick of piece) columns.push(tick)
    yield columns
  }
}

/** Every value of a row: NaN and undefined too, where the tick lacks something. */
const cellsOf = (columns: TickColumns): unknown[] =>
  Array.from({ length: columns.length }, (_, row) =>
    (Object.keys(FIELD_BIT) as FieldKey[]).map((key) => (key in columns ? columns[key as 'ts'][row] : undefined)),
  )

async function* sourceOf(pieces: readonly (readonly TickMessage[])[], ended?: () => void): AsyncGenerator<ColumnBuffer, void, undefined> {
  try {
    for (const piece of pieces) yield columnsOf(piece)
  } finally {
    ended?.()
  }
}

describe('mergeColumns', () => {
  it('property: gives what sorting all ticks by stamps, source and place gives, and the reverse of it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitrarySource, { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('ascending' as const, 'descending' as const),
        async (sources, batchTicks, order) => {
          const wanted = sources.flat(2).sort(byStamps) // a stable sort: sources and places decide between equal stamps
          const given = sources.map((pieces) => sourceOf(order === 'ascending' ? pieces : pieces.toReversed()))
          const batches = await Array.fromAsync(mergeColumns(given, batchTicks, order))
          for (const { length } of batches) expect(length > 0 && length <= batchTicks).toBe(true)
          // Read at the end only: batches belong to the caller, and no later one may write into them.
          const found = batches.flatMap((columns) => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row)))
          expect(found).toEqual(order === 'ascending' ? wanted : wanted.toReversed())
        },
      ),
      { numRuns: 300 },
    )
  }, 60_000)

  it('property: gives the same cells where memory is lent, by the sources and by it, as where all is kept', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(arbitrarySource, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('ascending' as const, 'descending' as const),
        async (sources, batchTicks, order) => {
          const inOrder = sources.map((pieces) => (order === 'ascending' ? pieces : pieces.toReversed()))
          const kept = await Array.fromAsync(
            mergeColumns(
              inOrder.map((pieces) => sourceOf(pieces)),
              batchTicks,
              order,
            ),
          )
          const lent: unknown[] = []
          for await (const columns of mergeColumns(inOrder.map(lendingSource), batchTicks, order, 'lent')) lent.push(...cellsOf(columns))
          expect(lent).toEqual(kept.flatMap(cellsOf))
        },
      ),
      { numRuns: 300 },
    )
  }, 60_000)

  it('gives the query order where sources are listed by contract and tick type', async () => {
    const ticks = [1, 2].flatMap((cid) =>
      (['bid_ask', 'last'] as const).map((tt) => [0, 1, 2].map((n) => tickAt(n, { ts: FIRST_US, cid, tt, st: FIRST_US + (n >> 1) }))),
    )
    const batches = await Array.fromAsync(
      mergeColumns(
        ticks.map((one) => sourceOf([one])),
        5,
        'ascending',
      ),
    )
    const found = batches.flatMap((columns) => Array.from({ length: columns.length }, (_, row) => tickOfRow(columns, row)))
    const wanted = ticks.flat().sort(compareTicks)
    expect(found).toEqual(wanted)
  })

  it('tells all sources to end when it is left, and when one of them fails', async () => {
    const ticks = [0, 1, 2].map((n) => tickAt(n, { ts: FIRST_US }))
    let ended = 0
    const source = () => sourceOf([ticks, ticks], () => ended++)
    for await (const _ of mergeColumns([source(), source()], 1, 'ascending')) break
    expect(ended).toBe(2)
    async function* failing(): AsyncGenerator<ColumnBuffer, void, undefined> {
      yield columnsOf(ticks.slice(0, 1))
      throw new Error('the disk is gone')
    }
    const failed = mergeColumns([source(), failing(), source()], 4, 'ascending')
    await expect(Array.fromAsync(failed)).rejects.toThrow('the disk is gone')
    expect(ended).toBe(4)
  })
})
