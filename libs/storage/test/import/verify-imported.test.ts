import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type TickMessage, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { BACKENDS, extensionOf, importTicks, verify } from '../../src/index.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { hourFolder, olderV3Line, writeSource, writtenV2Line } from './old-recordings.ts'

const HOUR = Date.UTC(2025, 6, 30, 14) * 1_000
const CIDS = [265598, 711280073]

/** Two contracts over three hours, 40 trades an hour each. */
const TICKS = CIDS.flatMap((cid) =>
  Array.from({ length: 120 }, (_, n): TickMessage => {
    const ts = HOUR + Math.floor(n / 40) * US_PER_HOUR + (n % 40) * US_PER_SECOND
    return { ts, st: ts + 101_003, cid, tt: 'last', rid: 7, p: 100.25 + n, s: 1 + (n % 4) }
  }),
)

async function imported(record: (tick: TickMessage) => string) {
  const dir = await temporaryDataDir()
  const byFile = new Map<string, string[]>()
  for (const tick of TICKS) {
    const path = join(hourFolder(join(dir.dataDir, 'old'), tick.ts), `bg_${tick.cid}_last.jsonl`)
    byFile.set(path, [...(byFile.get(path) ?? []), record(tick)])
  }
  for (const [path, lines] of byFile) await writeSource(path, lines)
  const to = join(dir.dataDir, 'data')
  const { added } = await importTicks({ sources: [join(dir.dataDir, 'old')], to })
  expect(added).toBe(TICKS.length)
  return Object.assign(dir, { to })
}

it.each([
  ['v2', (tick: TickMessage) => writtenV2Line(tick)],
  ['older v3', olderV3Line],
])('verify finds a tree imported from %s clean, and has a sum for each of its files', async (_, record) => {
  await using tree = await imported(record)
  const report = await verify({ dataDir: tree.to })
  expect(report).toMatchObject({ files: BACKENDS.length * CIDS.length * 3, notVouchedFiles: 0, damage: [], unreachable: [] })
})

it.each(BACKENDS)('verify finds one flipped bit in an imported file of %s, though every record can still be read', async (backend) => {
  await using tree = await imported(olderV3Line)
  const stamp = (HOUR + US_PER_HOUR) / US_PER_SECOND + 1 // imported hours have the second after
  const path = `${backend}/2025/07/30/15/${CIDS[1]}_last_${stamp}.${extensionOf(backend)}`
  await flipBit(join(tree.to, path), PRICE[backend])
  const { damage, unreachable } = await verify({ dataDir: tree.to })
  expect(unreachable).toEqual([])
  expect(damage).toEqual([{ path, kind: 'changed', detail: expect.stringContaining('every record can be read') }])
})

/** 141.25, which stands once in that file, and the byte whose lowest bit makes it another price. */
const PRICE = {
  json: { bytes: Buffer.from('"p":141.25'), flip: 9 },
  pb: { bytes: Buffer.from(Float64Array.of(141.25).buffer), flip: 0 },
}

async function flipBit(path: string, { bytes, flip }: { bytes: Buffer; flip: number }): Promise<void> {
  await using file = await open(path, 'r+')
  const start = (await file.readFile()).indexOf(bytes)
  expect(start).toBeGreaterThan(0)
  await file.write(Buffer.from([(bytes[flip] ?? 0) ^ 1]), 0, 1, start + flip)
}
