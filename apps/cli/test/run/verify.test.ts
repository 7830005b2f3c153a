import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { runCli } from '../run-cli.ts'
import { fileOf, recordedHour } from './recorded-hour.ts'

let recorded: Awaited<ReturnType<typeof recordedHour>>
let dataDir = ''
beforeAll(async () => {
  recorded = await recordedHour()
  dataDir = recorded.dataDir
})
afterAll(() => recorded[Symbol.asyncDispose]())

async function spoilt(how: (bytes: Buffer) => Uint8Array, look: () => Promise<void>): Promise<void> {
  const path = recorded.at('json')
  const intact = await readFile(path)
  await writeFile(path, how(Buffer.from(intact)))
  await look()
  await writeFile(path, intact)
}

describe('verify', () => {
  test('ends with 0 for a clean recording, which DATA_DIR names', async () => {
    const run = runCli(['verify'], { DATA_DIR: dataDir })
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
        const run = runCli(['verify', '-d', dataDir, '--json'])
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
    const run = runCli(['verify', '--data-dir', join(dataDir, 'none')])
    expect([await run.ended, run.err]).toEqual([2, expect.stringMatching(/^IBS_STORAGE_TREE_MISSING: /)])
  })
})

describe('compare', () => {
  test('ends with 0 where both hold the same', async () => {
    const run = runCli(['compare', '-d', dataDir])
    expect([await run.ended, run.err, run.out]).toEqual([0, '', '1 hours, 5 ticks in json: 0 hours differ, 0 are still open\n'])
  })

  test('ends with 1 and the hour where they differ', async () => {
    await spoilt(
      (bytes) => bytes.subarray(0, bytes.lastIndexOf(10, bytes.length - 2) + 1),
      async () => {
        const run = runCli(['compare', 'json', 'pb', '-d', dataDir])
        expect([await run.ended, run.out]).toEqual([1, expect.stringContaining('8314 last  0 ticks only in json, 1 only in pb')])
      },
    )
  })
})
