import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TickMessage } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { ColumnBuffer } from '../../src/codec/columns.ts'
import { tickOfRow } from '../../src/codec/tick-of-row.ts'
import { RowReader, type StampFilter } from '../../src/query/rows.ts'
import { blockIn, type SegmentFile } from '../../src/query/segment-file.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { openAgain, openedFile } from './opened-file.ts'
import { ENCODE, fileOf, putTicks, quotes, second } from './range-on-disk.ts'

/** All rows of a file, some at a time. */
async function rowsOf(file: SegmentFile, filter?: StampFilter): Promise<TickMessage[]> {
  const reader = new RowReader(file, filter)
  reader.begin(await blockIn(file, { fromBytes: 0, toBytes: file.read.bytes }))
  const ticks: TickMessage[] = []
  for (let isMore = true; isMore; ) {
    const columns = new ColumnBuffer(3)
    isMore = reader.fill(columns)
    for (let row = 0; row < columns.length; row++) ticks.push(tickOfRow(columns, row))
  }
  return ticks
}

describe('the rows of a file', () => {
  it('are all its ticks, or those of a filter on both stamps', async () => {
    await using at = await temporaryDataDir()
    const ticks = quotes(10)
    await using file = await openedFile(at.dataDir, ticks)
    expect(await rowsOf(file)).toEqual(ticks)
    const filter = { fromTs: second(2), toTs: second(8), fromSt: ticks[4]?.st ?? 0, toSt: 2 ** 53 }
    expect(await rowsOf(file, filter)).toEqual(ticks.filter(({ ts, st }) => ts >= filter.fromTs && ts < filter.toTs && st >= filter.fromSt))
    expect(await rowsOf(file, { ...filter, toSt: filter.fromSt })).toEqual([])
  })

  it.each([
    ['of another contract', { cid: 7 }],
    ['of another type', { tt: 'last' as const }],
    ['of another hour', { ts: second(4_000) }],
  ])('leave out a tick %s, which is damage, and go on behind it', async (_what, about) => {
    await using at = await temporaryDataDir()
    const quote = (n: number) => tickAt(n, { ts: second(n), tt: 'bid_ask' })
    const own = [quote(1), quote(2)]
    await putTicks(at.dataDir, own)
    const path = fileOf(quote(1), 'json')
    await appendFile(join(at.dataDir, path), ENCODE.json(tickAt(3, { ts: second(3), tt: 'bid_ask', ...about })))
    await putTicks(at.dataDir, [quote(4)])
    await using file = await openAgain(at.dataDir, own)
    expect(await rowsOf(file)).toEqual([...own, quote(4)])
    expect(file.context.damage.all).toMatchObject([{ path, records: 1 }])
    Object.assign(file.read, { committed: true })
    await expect(rowsOf(file)).rejects.toMatchObject({ code: 'IBS_STORAGE_RECORD_TORN' })
  })
})
