// `npm run bench -- page [--ticks 1000000] [--runs 3]`: how fast the page stands in a real Chromium: first paint, and the chart of a day, files alone.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hash31, hourOf, partitionOf, type TickMessage, US_PER_DAY, US_PER_SECOND } from '@ib-stream/model'
import { encodeTickProto, openPartitionStore, segmentPath } from '@ib-stream/storage'
import { openBrowser } from '../apps/web/test/browser/browser.ts'
import { startServer } from '../services/query-api/test/standing-server.ts'

const CID = 265598
const BATCH = 5_000

const { values } = parseArgs({ options: { ticks: { type: 'string', default: '1000000' }, runs: { type: 'string', default: '3' } } })
const [count, runs] = [Number(values.ticks), Number(values.runs)]
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const toUs = Math.floor(Date.now() / 1_000 / 3_600) * 3_600 * US_PER_SECOND
const fromUs = toUs - US_PER_DAY
const folder = await mkdtemp(join(tmpdir(), 'ibs-page-bench-'))
try {
  await writeDay(folder)
  await using server = await startServer({ dataDir: folder, backends: ['pb'] })
  const browser = await openBrowser()
  for (let run = 1; run <= runs; run++) {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage() // nothing cached
    await page.goto(`${server.url}/#cid=${CID}&from=${fromUs}&to=${toUs}`)
    await page.waitForFunction(() => performance.getEntriesByName('chart-drawn').length > 0, undefined, { timeout: 120_000 })
    const [paintMs, drawnMs] = await page.evaluate(() => [
      performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
      performance.getEntriesByName('chart-drawn')[0]?.startTime ?? 0,
    ])
    say(
      `run ${run}: first contentful paint ${Math.round(paintMs ?? 0)} ms, chart of a day of ${count} ticks ${Math.round(drawnMs ?? 0)} ms`,
    )
    await page.close()
  }
  await browser.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}

/** A day of one contract as writer-proto leaves it: three quotes to a trade, evenly over the day. */
async function writeDay(dataDir: string): Promise<void> {
  const store = await openPartitionStore({
    dataDir,
    backend: 'pb',
    partition: partitionOf(CID),
    source: { spoolId: 'bench', source: 'simulator' },
  })
  if (!store) throw new Error('somebody holds the lock of a folder that was just made')
  let price = 20_000
  for (let i = 0; i < count; i++) {
    const st = fromUs + Math.floor((i * US_PER_DAY) / count)
    price += ((i * 2_654_435_761) % 7) - 3
    const ts = Math.floor(st / US_PER_SECOND) * US_PER_SECOND
    const tick: TickMessage =
      i % 4 === 3
        ? { ts, st, cid: CID, tt: 'last', rid: hash31(CID, 'last'), p: price / 100, s: 1 + (i % 9), ex: 'Q' }
        : { ts, st, cid: CID, tt: 'bid_ask', rid: hash31(CID, 'bid_ask'), bp: price / 100 - 0.01, bs: 3, ap: price / 100 + 0.01, as: 4 }
    store.append(segmentPath({ backend: 'pb', cid: CID, tt: tick.tt, hourUs: hourOf(ts) }), encodeTickProto(tick))
    store.advance(i + 1, st)
    if (i % BATCH === BATCH - 1) await store.commitVisible()
  }
  await store.commitDurable()
  await store.close()
}
