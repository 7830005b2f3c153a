import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hourOf, US_PER_HOUR } from '@ib-stream/model'
import { addBackend, decodeTickJson, FIELD_BIT, type FieldKey, openRange, verify } from '@ib-stream/storage'
import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { SegmentCodec } from '../src/codec.ts'
import { WriterBench } from './support.ts'

const KEYS = Object.keys(FIELD_BIT) as FieldKey[]

const tsv = addBackend({
  name: 'tsv',
  extension: 'tsv',
  framing: 'lines',
  decode(record) {
    const cells = Buffer.from(record).toString('utf8').split('\t')
    return decodeTickJson(`{${cells.flatMap((cell, i) => (cell === '' ? [] : `"${KEYS[i]}":${cell}`)).join()}}`)
  },
})

const tabSeparated: SegmentCodec = {
  backend: tsv,
  append(out, { ticks }) {
    for (const tick of ticks as readonly Partial<Record<FieldKey, unknown>>[])
      out.write(Buffer.from(`${KEYS.map((key) => JSON.stringify(tick[key])).join('\t')}\n`))
  },
}

const MNQ = 711280073
const HOUR_US = hourOf(1_753_837_634_000_000)

describe('a backend of one’s own, in a page', () => {
  it('is written by the runtime, shared, taken over after a stop, read by queries that name it, and verified', async () => {
    await using bench = await WriterBench.open()
    bench.publish(MNQ, 500)
    const first = bench.run(tabSeparated)
    await waitFor('it holds all', () => first.writer.partitions.size === 16)
    const second = bench.run(tabSeparated)
    await waitFor('they share', () => first.writer.partitions.size === 8 && second.writer.partitions.size === 8)
    await first.stop()
    bench.publish(MNQ, 500)
    const sizes = async () => {
      await using range = await openRange({
        dataDir: bench.dataDir,
        backends: [tsv],
        cids: [MNQ],
        tts: ['last'],
        startUs: HOUR_US,
        endUs: HOUR_US + US_PER_HOUR,
      })
      const found: unknown[] = []
      for await (const batch of range.batches()) for (const tick of batch) found.push(tick.tt === 'last' && tick.s)
      return found
    }
    await waitFor('all are there', async () => (await sizes()).length === 1_000)
    const once = Array.from({ length: 500 }, (_, i) => i)
    expect(await sizes()).toEqual([...once, ...once])
    await second.stop()
    const files = (await readdir(join(bench.dataDir, 'tsv'), { recursive: true })).filter((name) => name.endsWith('.tsv'))
    expect(files).toEqual([`2025/07/30/01/${MNQ}_last_${HOUR_US / 1_000_000}.tsv`])
    const text = await readFile(join(bench.dataDir, 'tsv', files[0] ?? ''), 'utf8')
    expect(text).toMatch(/^1753837634000000\t1753837634000000\t711280073\t"last"\t1\t1\t0\t/)
    const report = await verify({ dataDir: bench.dataDir, backends: [tsv] })
    expect(report).toMatchObject({ damage: [], unreachable: [], files: 1, notVouchedFiles: 0 })
  })

  it('is the one that the guide shows', async () => {
    const guide = await readFile('docs/guides/add-a-backend.md', 'utf8')
    const shown = /```ts\nimport [\s\S]*?\n\n([\s\S]*?)```/.exec(guide)?.[1]
    expect(shown).toContain('addBackend({')
    expect(await readFile('libs/writer/test/added-backend.test.ts', 'utf8')).toContain(shown)
  })

  it('refuses a name that is taken or cannot be, and says the rule', () => {
    const form = { name: 'json', extension: 'x', framing: 'lines', decode: () => decodeTickJson('') } as const
    for (const name of ['json', 'events', 'tsv', 'My Backend', '../x'])
      expect(() => addBackend({ ...form, name })).toThrow(/IBS_STORAGE_BACKEND_INVALID.*name/)
    expect(() => addBackend({ ...form, name: 'mine', extension: '.x' })).toThrow(/extension must be/)
  })
})
