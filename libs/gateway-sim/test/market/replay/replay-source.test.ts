import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from '@jest/globals'
import { unknownStock } from '../../../src/contract/listing/stocks.ts'
import { collectPast } from '../../../src/history/collect-past.ts'
import type { MarketSource } from '../../../src/market/market-source.ts'
import { openReplay, type ReplaySettings } from '../../../src/market/replay/replay-source.ts'
import type { Tick } from '../../../src/market/tick.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-sim-replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

const NOW_US = 1_795_491_000_123_456

/** Ten ticks a second, stamps cut to the second. */
function recording(count: number): string {
  const line = (i: number) => {
    const stUs = 1_381_132_800_241_000 + i * 100_000
    return `{"ts":${Math.floor(stUs / 1e6) * 1e6},"st":${stUs},"cid":8314,"tt":"mid_point","rid":0,"mp":${i}}\n`
  }
  return Array.from({ length: count }, (_, i) => line(i)).join('')
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const open = (path: string, settings: Partial<ReplaySettings> = {}) => openReplay({ path, speed: 'max', stamps: 'now', ...settings })

async function all(source: MarketSource): Promise<Tick[]> {
  const ticks: Tick[] = []
  for (let ended = false; !ended; ) {
    const due = await source.due({ tapeUs: 0, wallUs: NOW_US })
    ticks.push(...due.ticks)
    ended = due.ended
  }
  await source.close()
  return ticks
}

describe('replay', () => {
  it.each(['plain.jsonl', 'packed.jsonl.gz'])('gives every tick of %s in order', async (name) => {
    const content = recording(5000)
    const ticks = await all(await open(file(name, name.endsWith('.gz') ? gzipSync(content) : content)))
    expect(ticks.map((tick) => tick.kind === 'mid_point' && tick.mid)).toEqual(Array.from({ length: 5000 }, (_, i) => i))
  })

  it('shifts by whole seconds so that the last tick is now, and keeps the distances', async () => {
    const path = file('shift.jsonl', recording(100))
    const kept = await all(await open(path, { stamps: 'recorded' }))
    const moved = await all(await open(path))
    expect(kept[0]?.tsUs).toBe(1_381_132_800_000_000)
    expect(moved.at(-1)?.tsUs).toBe(1_795_491_000_000_000)
    const shifts = new Set(moved.map((tick, i) => tick.tsUs - (kept[i]?.tsUs ?? 0)))
    expect(shifts.size).toBe(1)
  })

  it('gives at ×2 what twice the time has recorded, and says when the next is due', async () => {
    const source = await open(file('pace.jsonl', recording(100)), { speed: 2 })
    const due = await source.due({ tapeUs: 1_000_000, wallUs: NOW_US })
    expect(due.ticks).toHaveLength(21)
    expect(due.nextUs).toBe(1_050_000)
    await source.close()
  })

  it('tells its past in the order of the seconds, also where the first tick of one was recorded late', async () => {
    const seconds = [100, 102, 101, 103, 102, 104, 108]
    const line = (second: number, i: number) =>
      `{"ts":${second}000000,"st":${200_000_000 + i},"cid":8314,"tt":"mid_point","rid":0,"mp":${i}}\n`
    const source = await open(file('late.jsonl', seconds.map(line).join('')), { stamps: 'recorded' })
    while (!(await source.due({ tapeUs: 0, wallUs: NOW_US })).ended);
    const told: number[] = []
    const range = { contract: unknownStock(8314), kind: 'mid_point', fromSecond: 0, toSecond: 1000, direction: 'forward' } as const
    for await (const ticks of source.past(range, source.markOf(8314, NOW_US).mark)) told.push(...ticks.map(({ tsUs }) => tsUs / 1e6))
    expect(told).toEqual(seconds.toSorted((a, b) => a - b))
    await source.close()
  })

  it('tells the last trades behind many quotes', async () => {
    const head = (i: number) => `"ts":${100 + Math.floor(i / 1000)}000000,"st":${200_000_000 + i},"cid":8314,"rid":0`
    const line = (_: unknown, i: number) =>
      i % 1000 === 0 ? `{${head(i)},"tt":"all_last","p":${i},"s":1}\n` : `{${head(i)},"tt":"bid_ask","bp":1,"bs":1,"ap":2,"as":1}\n`
    const source = await open(file('dense.jsonl', Array.from({ length: 40_000 }, line).join('')), { stamps: 'recorded' })
    while (!(await source.due({ tapeUs: 0, wallUs: NOW_US })).ended);
    const { mark } = source.markOf(8314, NOW_US)
    const range = { contract: unknownStock(8314), fromSecond: 0, toSecond: 1000, direction: 'backward' } as const
    const ticks = await collectPast(source, { ...range, what: 'TRADES', count: 1000, ignoreSize: false, mark, unreported: false })
    expect(ticks).toHaveLength(40)
    await source.close()
  })

  it('takes a last line without its end, and empty lines', async () => {
    const ticks = await all(await open(file('torn.jsonl', `\n${recording(3).trimEnd()}`)))
    expect(ticks).toHaveLength(3)
  })

  it('names file and line of what is no tick, before anybody listens', async () => {
    const path = file('bad.jsonl', `${recording(2)}{"ts":1}\n`)
    await expect(open(path)).rejects.toMatchObject({ code: 'IBS_SIM_REPLAY_INVALID', facts: { path, line: 3 } })
  })

  it.each([
    ['missing.jsonl', undefined, 'ENOENT'],
    ['empty.jsonl', '', 'has no ticks'],
    ['not-gzip.jsonl.gz', 'plain', 'incorrect header'],
  ])('refuses %s', async (name, content, why) => {
    const path = content === undefined ? join(folder, name) : file(name, content)
    await expect(open(path)).rejects.toThrow(why)
  })
})
