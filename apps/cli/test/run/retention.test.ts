import { readFile, stat, writeFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { runCli } from '../run-cli.ts'
import { openWriter, recordedHour } from './recorded-hour.ts'

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

describe('retention', () => {
  test('keeps all where nothing is set, and says how to set it', async () => {
    await using recorded = await recordedHour()
    const run = runCli(['retention', '-d', recorded.dataDir], { IB_STREAM_RETENTION: 'all' })
    expect([await run.ended, run.err]).toEqual([0, ''])
    expect(run.out).toBe(
      'no backend has a limit, so all is kept; give --keep or set IB_STREAM_RETENTION\n0 hours, 0 files, 0 ticks, 0 bytes removed; due and left: nothing\n',
    )
  })

  test('removes what the setting names, as a table; a dry run removes nothing', async () => {
    await using recorded = await recordedHour()
    const setting = { IB_STREAM_RETENTION: 'json:30d', DATA_DIR: recorded.dataDir }
    const row = /^json +2025-07-30 age +1 +1 +5 +[\d,]+$/m
    const dry = runCli(['retention', '--dry-run'], setting)
    expect([await dry.ended, dry.err]).toEqual([0, ''])
    expect(dry.out).toMatch(/^backend +day +why +hours +files +ticks +bytes +stays$/m)
    expect(dry.out).toMatch(row)
    expect(dry.out).toContain('would be removed (dry run: nothing was)')
    expect(await isThere(recorded.at('json'))).toBe(true)
    const run = runCli(['retention'], setting)
    expect([await run.ended, run.err]).toEqual([0, ''])
    expect(run.out).toMatch(row)
    expect([await isThere(recorded.at('json')), await isThere(recorded.at('pb'))]).toEqual([false, true])
    const verify = runCli(['verify', '-d', recorded.dataDir])
    expect(await verify.ended).toBe(0)
    const compare = runCli(['compare', '-d', recorded.dataDir])
    expect([await compare.ended, compare.out]).toEqual([0, expect.stringContaining('1 were taken away by retention')])
  })

  test('ends with 1 where something due stays, unless --unconfirmed; --json gives an object a day, the counts last', async () => {
    await using recorded = await recordedHour()
    const bytes = await readFile(recorded.at('pb'))
    await writeFile(recorded.at('pb'), bytes.fill(0, 9, 12))
    const args = ['retention', '-d', recorded.dataDir, '--keep', 'json:1d', '--json']
    const run = runCli(args)
    expect([await run.ended, run.err]).toEqual([1, ''])
    const [day, counts] = run.out
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(day).toMatchObject({
      backend: 'json',
      why: 'age',
      removed: { hours: 0 },
      stays: [{ cid: 8314, tt: 'last', because: 'copy_damaged' }],
    })
    expect(counts).toMatchObject({ removed: { hours: 0 }, stayed: { copy_damaged: 1 }, notWorkedOn: 0, dryRun: false })
    const told = runCli([...args, '--unconfirmed'])
    expect(await told.ended).toBe(0)
    expect(await isThere(recorded.at('json'))).toBe(false)
  })

  test('ends with 2 while a writer runs, and for limits that are none, with their form', async () => {
    await using recorded = await recordedHour()
    await using _store = await openWriter(recorded.dataDir, 'json')
    const runs = [
      runCli(['retention', '-d', recorded.dataDir, '--offline', '--keep', 'json:1d']),
      runCli(['retention', '-d', recorded.dataDir, '--keep', 'json:1w']),
      runCli(['retention', '-d', recorded.dataDir], { IB_STREAM_RETENTION: '7d' }),
    ]
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([2, 2, 2])
    expect(runs.map(({ err }) => err)).toEqual([
      expect.stringMatching(/^IBS_STORAGE_BACKEND_IN_USE: .*json.locks.09\.lock/),
      expect.stringContaining('--keep json:1w: '),
      expect.stringContaining('IB_STREAM_RETENTION=7d: all, or backend:age;share'),
    ])
    expect(await isThere(recorded.at('json'))).toBe(true)
  })
})
