import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runCli } from '../run-cli.ts'
import { fileOf, openWriter, recordedHour } from './recorded-hour.ts'

describe('repair', () => {
  test('ends with 0 where nothing is damaged', async () => {
    await using recorded = await recordedHour()
    const { dataDir } = recorded
    const run = runCli(['repair'], { DATA_DIR: dataDir })
    expect([await run.ended, run.err, run.out]).toEqual([0, '', '0 restored, 0 rebuilt, 0 entered, 0 salvaged, 0 left, 0 not looked at\n'])
  })

  test('restores a damaged file from the other backend, names the kept one, and ends with 0; a dry run ends with 1 and writes nothing', async () => {
    await using recorded = await recordedHour()
    const { at, dataDir } = recorded
    const intact = await readFile(at('json'))
    const spoilt = Buffer.from(intact).fill(0, 10, 20)
    await writeFile(at('json'), spoilt)
    const dry = runCli(['repair', '-d', dataDir, '--dry-run'])
    expect([await dry.ended, dry.err, dry.out]).toEqual([1, '', expect.stringContaining('1 restored')])
    expect(await readFile(at('json'))).toEqual(spoilt)
    const run = runCli(['repair', '-d', dataDir, '--json'])
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
    await using recorded = await recordedHour()
    const { at, dataDir } = recorded
    for (const backend of ['json', 'pb'] as const) await rm(at(backend))
    const run = runCli(['repair', '-d', dataDir])
    expect([await run.ended, run.out]).toEqual([1, expect.stringContaining('2 left')])
  })

  test('with --offline ends with 2 and the lock while a writer runs', async () => {
    await using recorded = await recordedHour()
    const { dataDir } = recorded
    await using _store = await openWriter(dataDir, 'pb')
    const run = runCli(['repair', '-d', dataDir, '--offline'])
    expect([await run.ended, run.err]).toEqual([2, expect.stringMatching(/^IBS_STORAGE_BACKEND_IN_USE: .*pb.locks.09\.lock/)])
  })
})
