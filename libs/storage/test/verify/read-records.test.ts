import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TickMessage } from '@ib-stream/model'
import { expect, it } from '@jest/globals'
import { readRecords } from '../../src/verify/read-records.ts'
import { temporaryDataDir } from '../data-dir.ts'
import { fileAt, recordOf, START_US, tickAt } from '../recorded-tree.ts'

const trade = (n: number, sc: string): TickMessage => ({ ...tickAt(0, 2), ts: START_US + n, st: START_US + n, tt: 'last', p: 1, s: n, sc })

it.each(['json', 'pb'] as const)(
  'regression: a tick of %s with conditions longer than 64 KiB was taken for damage, and hid what stands behind it',
  async (backend) => {
    await using at = await temporaryDataDir()
    const ticks = [trade(1, 'I'), trade(2, 'x'.repeat(300_000)), trade(3, 'I')]
    const path = fileAt(backend, 0, 'last')
    await mkdir(dirname(join(at.dataDir, path)), { recursive: true })
    await writeFile(join(at.dataDir, path), Buffer.concat(ticks.map((tick) => recordOf(backend, tick))))
    const found: (TickMessage | undefined)[] = []
    for await (const records of readRecords(at.dataDir, path, Number.POSITIVE_INFINITY)) found.push(...records.map(({ tick }) => tick))
    expect(found.map((tick) => tick?.st)).toEqual(ticks.map(({ st }) => st))
  },
)
