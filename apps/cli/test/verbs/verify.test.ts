import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash31, hourOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { encodeTickJson, encodeTickProto, openPartitionStore, segmentPath } from '@ib-stream/storage'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { runVerb } from './run-verb.ts'

const HOUR_US = hourOf(1753884000_000000)
const fileOf = (backend: 'json' | 'pb') => segmentPath({ backend, cid: 8314, tt: 'last', hourUs: HOUR_US })
let dataDir = ''

/** Some ticks of one hour in both backends, closed. */
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ibs-cli-'))
  for (const backend of ['json', 'pb'] as const) {
    await using store = await openPartitionStore({ dataDir, backend, partition: 9, source: { spoolId: 's', source: 'simulator' } })
    for (let seq = 1; seq <= 5; seq++) {
      const tick: TickMessage = { ts: HOUR_US, st: HOUR_US + seq, cid: 8314, tt: 'last', rid: hash31(8314, 'last'), p: seq, s: 1 }
      store?.append(fileOf(backend), backend === 'json' ? Buffer.from(`${encodeTickJson(tick)}\n`) : encodeTickProto(tick))
      store?.advance(seq, tick.st)
    }
    await store?.commitVisible()
    store?.advance(9, HOUR_US + 2 * US_PER_HOUR)
    await store?.commitDurable()
  }
})
afterAll(() => rm(dataDir, { recursive: true }))

async function spoilt(how: (bytes: Buffer) => Uint8Array, look: () => Promise<void>): Promise<void> {
  const path = join(dataDir, fileOf('json'))
  const intact = await readFile(path)
  await writeFile(path, how(Buffer.from(intact)))
  await look()
  await writeFile(path, intact)
}

describe('verify', () => {
  test('ends with 0 for a clean recording, which DATA_DIR names', async () => {
    const run = runVerb(['verify'], { DATA_DIR: dataDir })
    expect([await run.ended, run.err, run.out]).toEqual([
      0,
      '',
      expect.stringMatching(/^2 files, \d+ bytes: 0 damaged, 0 not looked at\n$/),
    ])
  })

  test('ends with 1 and the file for a damaged one', async () => {
    await spoilt(
      (bytes) => bytes.fill(0, 10, 20),
      async () => {
        const run = runVerb(['verify', '-d', dataDir, '--json'])
        expect([await run.ended, run.err]).toEqual([1, ''])
        const lines = run.out
          .trim()
          .split('\n')
          .map((line): unknown => JSON.parse(line))
        expect(lines).toEqual([
          { path: fileOf('json'), kind: 'changed', detail: expect.stringContaining('byte 0') },
          expect.objectContaining({ files: 2, damaged: 1 }),
        ])
      },
    )
  })

  test('ends with 2 where there is nothing to look at', async () => {
    const run = runVerb(['verify', '--data-dir', join(dataDir, 'none')])
    expect([await run.ended, run.err]).toEqual([2, expect.stringMatching(/^IBS_STORAGE_TREE_MISSING: /)])
  })
})

describe('compare', () => {
  test('ends with 0 where both hold the same', async () => {
    const run = runVerb(['compare', '-d', dataDir])
    expect([await run.ended, run.err, run.out]).toEqual([0, '', '1 hours, 5 ticks in json: 0 hours differ, 0 are still open\n'])
  })

  test('ends with 1 and the hour where they differ', async () => {
    await spoilt(
      (bytes) => bytes.subarray(0, bytes.lastIndexOf(10, bytes.length - 2) + 1),
      async () => {
        const run = runVerb(['compare', 'json', 'pb', '-d', dataDir])
        expect([await run.ended, run.out]).toEqual([1, expect.stringContaining('8314 last  0 ticks only in json, 1 only in pb')])
      },
    )
  })
})
