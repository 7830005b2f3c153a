import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareTicks, type TickMessage, US_PER_DAY } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { exportParquet } from '../../src/parquet/export-parquet.ts'
import { decodeSealed } from '../../src/parquet/sealed-rows.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { CID, recordTree, START_US } from '../recorded-tree.ts'

it('exports a range from any backend as the archive has it, a file a contract, type and day, each tick once', async () => {
  await using at = await temporaryDataDir()
  await using to = await temporaryDataDir()
  const recorded = await recordTree(at.dataDir, { ticks: 60, perHour: 4 })
  const range = { startUs: START_US + 1, endUs: START_US + 2 * US_PER_DAY }
  const files = await exportParquet({ dataDir: at.dataDir, to: to.dataDir, cids: [CID], tts: ['bid_ask', 'last'], ...range })
  expect(files.map(({ path }) => path)).toEqual([
    `cid=${CID}/tt=bid_ask/date=2025-07-30/ticks.parquet`,
    `cid=${CID}/tt=bid_ask/date=2025-07-31/ticks.parquet`,
    `cid=${CID}/tt=last/date=2025-07-30/ticks.parquet`,
    `cid=${CID}/tt=last/date=2025-07-31/ticks.parquet`,
  ])
  const read: TickMessage[] = []
  for (const { path, ticks, bytes } of files) {
    const file = await readFile(join(to.dataDir, path))
    const inIt = await decodeSealed(file)
    expect([inIt.length, file.length]).toEqual([ticks, bytes])
    read.push(...inIt)
  }
  const wanted = recorded.filter(({ ts }) => ts >= range.startUs && ts < range.endUs)
  expect(read.toSorted(compareTicks)).toEqual(wanted.toSorted(compareTicks))
  expect(await exportParquet({ dataDir: at.dataDir, to: to.dataDir, cids: [99], tts: ['last'], ...range })).toEqual([])
})
