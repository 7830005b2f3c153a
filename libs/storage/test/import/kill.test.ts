import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { importTicks } from '../../src/index.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { hourFolder, olderV3Message, writeSource, writtenV2Line } from './old-recordings.ts'

const HOUR = Date.UTC(2025, 6, 30, 14) * 1_000
const HOURS = 8

/** Two trees: v2 lines of one contract, whose hours are those of another clock, and older v3 messages of another one. */
async function writeTrees(root: string): Promise<string[]> {
  for (let hour = 0; hour < HOURS; hour++) {
    const quotes: TickMessage[] = Array.from({ length: 300 }, (_, n) => {
      const st = HOUR + hour * US_PER_HOUR + n * 12 * US_PER_SECOND + 500_000
      const ts = Math.floor((st - 37 * US_PER_SECOND) / US_PER_SECOND) * US_PER_SECOND // a clock that is 37 s ahead
      return { ts, st, cid: 265598, tt: 'bid_ask', rid: 1, bp: 5, bs: n % 3, ap: 6, as: 1 }
    })
    const folder = hourFolder(join(root, 'v2/json'), HOUR + hour * US_PER_HOUR)
    await writeSource(join(folder, 'bg_265598_bid_ask.jsonl'), [...quotes.map((tick) => writtenV2Line(tick)), 'half a li'])
    const trades = quotes.map(({ ts, st }): TickMessage => ({ ts, st, cid: 8314, tt: 'last', rid: 2, p: 7, s: st % 5 }))
    const name = `8314_last_${HOUR / US_PER_SECOND + hour * 3_600}.pb`
    const inHour = trades.filter(({ ts }) => ts >= HOUR + hour * US_PER_HOUR)
    await writeSource(join(hourFolder(join(root, 'v3/protobuf'), HOUR + hour * US_PER_HOUR), name), inHour.map(olderV3Message))
  }
  return [join(root, 'v2/json'), join(root, 'v3/protobuf')]
}

/** Runs an import and kills it when it has said so many steps; true when it came to its end before. */
async function importUntilKilled(to: string, sources: readonly string[], steps: number): Promise<boolean> {
  const child = spawn(process.execPath, [resolve(__dirname, 'kill-child.ts'), to, ...sources], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let said = 0
  for await (const _ of createInterface(child.stdout)) if (++said === steps) child.kill('SIGKILL')
  const [code] = await exit
  return code === 0
}

/** Every file of ticks and every manifest with its bytes; of manifests the lines, whose order is that of the writing. */
async function contentOf(dataDir: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {}
  for (const folder of ['json', 'pb', '.state/json/manifest', '.state/pb/manifest']) {
    for (const entry of await readdir(join(dataDir, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const bytes = await readFile(path)
      const lines = bytes.toString('latin1').trim().split('\n').sort().join('\n')
      content[path.slice(dataDir.length)] = folder.startsWith('.') ? lines : bytes.toString('base64')
    }
  }
  return content
}

describe('an import killed with SIGKILL', () => {
  it('is gone on with by the next one, wherever it was, to the same files', async () => {
    await using dir = await temporaryDataDir()
    const sources = await writeTrees(join(dir.dataDir, 'old'))
    const whole = join(dir.dataDir, 'whole')
    const report = await importTicks({ sources, to: whole })
    expect(report.faults).toBe(HOURS)
    const wanted = await contentOf(whole)
    for (const steps of [3, 11]) {
      const to = join(dir.dataDir, `killed-${steps}`)
      let runs = 1
      // each run is killed a little later than the last one, so that together they die everywhere
      while (!(await importUntilKilled(to, sources, steps + 4 * runs))) expect(runs++).toBeLessThan(30)
      expect(runs).toBeGreaterThan(2)
      expect(await contentOf(to)).toEqual(wanted)
      expect(await readdir(join(to, '.state/import'))).not.toContain('work')
    }
  }, 90_000)
})
