import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { partitionOf, type TickMessage, US_PER_DAY, US_PER_HOUR } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { encodeTicksJson } from '../../src/codec/json.ts'
import { manifestPath } from '../../src/layout/manifest-path.ts'
import { segmentPath } from '../../src/layout/segment-path.ts'
import { encodeManifestEntry } from '../../src/manifest/manifest-entry.ts'
import { EMPTY_TALLY, extendTally } from '../../src/manifest/tally.ts'
import { openRange } from '../../src/query/open-range.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { openedBy } from '../opened.ts'

const CIDS = [8314, 265598, 756733, 711280073, 76792991]
const [CID = 0] = CIDS
const YEAR_US = Date.UTC(2025, 0, 1) * 1_000
const DAY_US = YEAR_US + 182 * US_PER_DAY
const HOURS = [14, 15]

const ticksOf = (cid: number, hourUs: number): TickMessage[] => [1, 2, 3].map((n) => tickAt(n, { ts: hourUs + n, cid, tt: 'bid_ask' }))

/** Closed hours of five contracts, with manifests, as writers leave them. */
function putDay(dataDir: string, dayUs: number): void {
  for (const cid of CIDS) {
    for (const hour of HOURS) {
      const hourUs = dayUs + hour * US_PER_HOUR
      const path = segmentPath({ backend: 'json', cid, tt: 'bid_ask', hourUs })
      const bytes = encodeTicksJson(ticksOf(cid, hourUs))
      const manifest = manifestPath({ backend: 'json', partition: partitionOf(cid), dayUs })
      for (const file of [path, manifest]) mkdirSync(dirname(join(dataDir, file)), { recursive: true })
      writeFileSync(join(dataDir, path), bytes)
      const tally = extendTally(EMPTY_TALLY, path, bytes, { firstSeq: 1, lastSeq: 1 })
      appendFileSync(join(dataDir, manifest), encodeManifestEntry({ path, ...tally }))
    }
  }
}

/** One hour of one contract, and what is opened for it, relative to DATA_DIR. */
async function oneHour(dataDir: string) {
  const startUs = DAY_US + 14 * US_PER_HOUR
  const ticks: TickMessage[] = []
  const { files, folders } = await openedBy(async () => {
    await using range = await openRange({ dataDir, cids: [CID], tts: ['bid_ask'], startUs, endUs: startUs + US_PER_HOUR })
    for await (const batch of range.batches()) ticks.push(...batch)
  })
  expect(ticks).toEqual(ticksOf(CID, startUs))
  const relative = (paths: readonly string[]) => paths.map((path) => path.slice(dataDir.length + 1)).sort()
  return { files: relative(files), folders: relative(folders) }
}

describe('one hour of an archive', () => {
  it('opens and lists in a year of five contracts what it does in a day, and nothing outside the hour', async () => {
    await using day = await temporaryDataDir()
    await using year = await temporaryDataDir()
    putDay(day.dataDir, DAY_US)
    for (let n = 0; n < 365; n++) putDay(year.dataDir, YEAR_US + n * US_PER_DAY)
    const ofYear = await oneHour(year.dataDir)
    expect(ofYear).toEqual(await oneHour(day.dataDir))
    const segment = segmentPath({ backend: 'json', cid: CID, tt: 'bid_ask', hourUs: DAY_US + 14 * US_PER_HOUR })
    expect(ofYear.files.filter((path) => !path.startsWith('.state/'))).toEqual([segment])
    expect(ofYear.folders.filter((path) => path.startsWith('json') && !segment.startsWith(`${path}/`))).toEqual([])
    expect(ofYear.folders.length).toBeGreaterThan(0)
    expect(ofYear.files.length + ofYear.folders.length).toBeLessThan(30)
  }, 60_000)
})
