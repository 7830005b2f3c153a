import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { COLUMNS } from '../../src/parquet/schema.ts'
import { encodeSealed, LEVEL } from '../../src/parquet/seal-columns.ts'
import { tickAt } from '../arbitrary-tick.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { dayOfTicks } from '../day-of-ticks.ts'
import { arbitraryTicks, CID, inQueryOrder } from './sealed-ticks.ts'

/** A tick as a reader of Parquet gives it: plain names, NULL for what it lacks, flags spelled out. */
function rowOf(tick: TickMessage): Record<string, unknown> {
  const given = tick as unknown as Record<string, unknown>
  return Object.fromEntries(
    COLUMNS[tick.tt].map(({ name, key, kind }) => [name, kind === 'flag' ? given[key] === true : (given[key] ?? null)]),
  )
}

/** Stamps at random, of which the narrowest bits are the shortest form. */
function busyQuotes(): TickMessage[] {
  const startUs = 1_753_884_000_000_000
  const afterUs = fc.sample(fc.nat(100_000_000), { numRuns: 3_000, seed: 2 }).toSorted((a, b) => a - b)
  return afterUs.map((us, n) => tickAt(n, { ts: startUs, cid: CID, st: startUs + us }))
}

async function readByHyparquet(paths: readonly string[]) {
  const options = { maxBuffer: 1e9 }
  const { stdout } = await promisify(execFile)(process.execPath, [resolve(__dirname, 'hyparquet-child.ts'), ...paths], options)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { rows: unknown[]; keys: string[]; bounds: number[][] })
}

it('a library that knows nothing of us reads the same ticks: those of a real day and any others', async () => {
  await using at = await temporaryDataDir()
  const day = dayOfTicks()
  const sets = [
    ...TICK_TYPES.map((tt) => day.filter((tick) => tick.tt === tt).slice(0, 5_000)),
    ...fc.sample(arbitraryTicks, { numRuns: 40, seed: 1 }),
    busyQuotes(),
  ]
  const files: { path: string; ticks: TickMessage[] }[] = []
  for (const [n, ticks] of sets.entries()) {
    const [first] = ticks
    if (first === undefined) continue
    const path = join(at.dataDir, `${n}.parquet`)
    await writeFile(path, (await encodeSealed(ticks, { cid: first.cid, tt: first.tt, seq: 1 }, LEVEL.hour)).bytes)
    files.push({ path, ticks: inQueryOrder(ticks) })
  }
  const read = await readByHyparquet(files.map(({ path }) => path))
  expect(read).toHaveLength(files.length)
  for (const [n, { ticks }] of files.entries()) {
    expect(isDeepStrictEqual(read[n]?.rows, ticks.map(rowOf))).toBe(true)
    expect(read[n]?.keys).toEqual(['ib_stream'])
    expect([read[n]?.bounds[0]?.[0], read[n]?.bounds.at(-1)?.[1]]).toEqual([ticks[0]?.ts, ticks.at(-1)?.ts])
  }
})
