import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash31, hourOf, type TickMessage, US_PER_HOUR } from '@ib-stream/model'
import { encodeTickJson, encodeTickProto, openPartitionStore, segmentPath } from '@ib-stream/storage'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runVerb } from './run-verb.ts'

const HOUR_US = hourOf(1753884000_000000)
const fileOf = (backend: 'json' | 'pb') => segmentPath({ backend, cid: 8314, tt: 'last', hourUs: HOUR_US })
let dataDir = ''

/** Some ticks of one hour in both backends, closed. */
beforeEach(async () => {
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
afterEach(() => rm(dataDir, { recursive: true }))

const at = (backend: 'json' | 'pb') => join(dataDir, fileOf(backend))

describe('repair', () => {
  test('ends with 0 where nothing is damaged', async () => {
    const run = runVerb(['repair'], { DATA_DIR: dataDir })
    expect([await run.ended, run.err, run.out]).toEqual([0, '', '0 restored, 0 rebuilt, 0 entered, 0 salvaged, 0 left, 0 not looked at\n'])
  })

  test('restores a damaged file from the other backend, names the kept one, and ends with 0; a dry run ends with 1 and writes nothing', async () => {
    const intact = await readFile(at('json'))
    const spoilt = Buffer.from(intact).fill(0, 10, 20)
    await writeFile(at('json'), spoilt)
    const dry = runVerb(['repair', '-d', dataDir, '--dry-run'])
    expect([await dry.ended, dry.err, dry.out]).toEqual([1, '', expect.stringContaining('1 restored')])
    expect(await readFile(at('json'))).toEqual(spoilt)
    const run = runVerb(['repair', '-d', dataDir, '--json'])
    expect([await run.ended, run.err]).toEqual([0, ''])
    expect(await readFile(at('json'))).toEqual(intact)
    const [outcome, counts] = run.out
      .trim()
      .split('\n')
      .map((line): { keptIn?: string } => JSON.parse(line))
    expect(outcome).toMatchObject({ path: fileOf('json'), kind: 'changed', did: 'restored' })
    expect(counts).toMatchObject({ restored: 1, left: 0, dryRun: false })
    expect(await readFile(join(dataDir, outcome?.keptIn ?? ''))).toEqual(spoilt)
  })

  test('ends with 1 where something stays as it is', async () => {
    for (const backend of ['json', 'pb'] as const) await rm(at(backend))
    const run = runVerb(['repair', '-d', dataDir])
    expect([await run.ended, run.out]).toEqual([1, expect.stringContaining('2 left')])
  })

  test('with --offline ends with 2 and the lock while a writer runs', async () => {
    await using _store = await openPartitionStore({ dataDir, backend: 'pb', partition: 9, source: { spoolId: 's', source: 'simulator' } })
    const run = runVerb(['repair', '-d', dataDir, '--offline'])
    expect([await run.ended, run.err]).toEqual([2, expect.stringMatching(/^IBS_STORAGE_BACKEND_IN_USE: .*pb.locks.09\.lock/)])
  })
})
