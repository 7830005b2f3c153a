import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { US_PER_HOUR } from '@ib-stream/model'
import { leanEnv } from '@ib-stream/service'
import { BACKENDS } from '@ib-stream/storage'
import { MARKET_CIDS, modelTicks } from './days.ts'
import type { Figure } from './figure.ts'
import { ClosedTree, inFolder } from './trees.ts'

const AT_ONCE = 50_000
/** So that the ticks fill a day. */
const DAY_HOURS = 23
const START_US = Date.UTC(2025, 6, 30) * 1_000

/** Most memory of a process of its own, run as our services are, that reads a day of so many ticks, quotes and trades merged. */
export const memoryFigures = (count: number): Promise<Figure[]> =>
  inFolder(async (folder) => {
    const figures: Figure[] = []
    const env = { ...process.env, ...leanEnv(process.env) } // else most of it is V8's young generation, which grows as it may
    for (const backend of BACKENDS) {
      const sumOfSt = putTicks(join(folder, backend), backend, count)
      for (const way of ['columns', 'batches', 'bytes']) {
        const script = join(import.meta.dirname, 'read-day.ts')
        const args = [join(folder, backend), backend, String(MARKET_CIDS[0]), String(START_US), way]
        const report = JSON.parse(execFileSync(process.execPath, [script, ...args], { encoding: 'utf8', env }))
        if (report.ticks !== count || report.sumOfSt !== sumOfSt || !report.sorted)
          throw new Error(`not the ticks that were put there: ${JSON.stringify(report)}`)
        const name = `${count.toLocaleString('en-US')} ticks of ${backend} as ${WORD[way]}`
        figures.push(
          { name: `${name}: most memory`, value: report.maxRssBytes / 1e6, unit: 'MB', atMost: 200 },
          { name, value: count / report.seconds, unit: 'ticks/s' },
        )
      }
    }
    return figures
  })

const WORD: Record<string, string> = { columns: 'columns', batches: 'objects', bytes: 'bytes' }

/** Sum of all `st` modulo 2^32. */
function putTicks(dataDir: string, backend: 'json' | 'pb', count: number): number {
  const tree = new ClosedTree(dataDir, backend)
  const mostGapUs = Math.floor((2 * DAY_HOURS * US_PER_HOUR) / count)
  let sumOfSt = 0
  let piece = []
  for (const tick of modelTicks(count, { startUs: START_US, mostGapUs })) {
    sumOfSt = (sumOfSt + tick.st) % 2 ** 32
    piece.push(tick)
    if (piece.length < AT_ONCE) continue
    tree.add(piece)
    piece = []
  }
  tree.add(piece)
  tree.close()
  return sumOfSt
}
