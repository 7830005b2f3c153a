import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { barOf } from '../../src/verbs/import-bar.ts'
import { runVerb } from './run-verb.ts'

const LINE =
  '{"ts":1753837634000000,"st":1753837634777542,"cid":711280073,"tt":"bid_ask","rid":7,"bp":23477.5,"bs":6.0,"ap":23478.0,"as":5.0}\n'

async function folderWith(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-import-'))
  await mkdir(join(folder, 'old'))
  await writeFile(join(folder, 'old/a.jsonl'), text)
  return { folder, source: join(folder, 'old'), to: join(folder, 'data'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

describe('import', () => {
  it('makes v3 files, lists what cannot be turned by file and line, and says sizes; status 1', async () => {
    await using dir = await folderWith(`${LINE}rubbish\n`)
    const run = runVerb(['import', '--offline', '--to', dir.to, dir.source])
    expect(await run.ended).toBe(1)
    expect(run.err).toBe('') // no bar on a pipe
    expect(run.out).toContain(`${join(dir.source, 'a.jsonl')}:2: no JSON: "rubbish"\n`)
    expect(run.out).toMatch(/made {5}json {9}1 files, 123 bytes, 1 ticks, \d+\.\d % less than the sources/)
    expect(await readFile(join(dir.to, 'json/2025/07/30/01/711280073_bid_ask_1753837201.jsonl'), 'utf8')).toBe(LINE.replaceAll('.0', ''))
  })

  it('ends with 0 when all is in, and takes only the backends named', async () => {
    await using dir = await folderWith(LINE)
    const run = runVerb(['import', '--offline', '--json', '--backend', 'pb', '--to', dir.to, dir.source])
    expect(await run.ended).toBe(0)
    expect(JSON.parse(run.out)).toMatchObject({ ticks: 1, added: 1, written: { json: { files: 0 }, pb: { files: 1 } } })
  })

  it('does nothing with an unknown backend or a source that is not there', async () => {
    await using dir = await folderWith(LINE)
    const runs = [
      runVerb(['import', '--offline', '--backend', 'csv', '--to', dir.to, dir.source]),
      runVerb(['import', '--offline', '--to', dir.to, `${dir.source}.gone`]),
    ]
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([1, 2])
    expect(runs.map(({ err }) => err)).toEqual([
      expect.stringContaining('"csv" is none of json, pb'),
      expect.stringContaining('IBS_STORAGE_IMPORT_REFUSED'),
    ])
  })
})

it('the bar says share, rates and the time left', () => {
  const progress = { bytes: 30_000_000, totalBytes: 120_000_000, ticks: 60_000, faults: 2 }
  expect(barOf(progress, 3_000)).toBe('[########----------------------]  25 %  10.0 MB/s  20,000 ticks/s  0:09 left  2 faults')
  expect(barOf({ ...progress, totalBytes: 120_000_000_000 }, 3_000)).toContain('3:19:57 left')
})
