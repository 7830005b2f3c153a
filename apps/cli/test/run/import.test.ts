import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runCli } from '../run-cli.ts'

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
    const run = runCli(['import', '--offline', '--to', dir.to, dir.source])
    expect(await run.ended).toBe(1)
    expect(run.err).toBe('') // no bar on a pipe
    expect(run.out).toContain(`${join(dir.source, 'a.jsonl')}:2: no JSON: "rubbish"\n`)
    expect(run.out).toMatch(/made {5}json {9}1 files, 123 bytes, 1 ticks, \d+\.\d % less than the sources/)
    expect(await readFile(join(dir.to, 'json/2025/07/30/01/711280073_bid_ask_1753837201.jsonl'), 'utf8')).toBe(LINE.replaceAll('.0', ''))
  })

  it('ends with 0 when all is in, and takes only the backends named', async () => {
    await using dir = await folderWith(LINE)
    const run = runCli(['import', '--offline', '--json', '--backend', 'pb', '--to', dir.to, dir.source])
    expect(await run.ended).toBe(0)
    expect(JSON.parse(run.out)).toMatchObject({ ticks: 1, added: 1, written: { json: { files: 0 }, pb: { files: 1 } } })
  })

  it('does nothing with an unknown backend or a source that is not there', async () => {
    await using dir = await folderWith(LINE)
    const runs = [
      runCli(['import', '--offline', '--backend', 'csv', '--to', dir.to, dir.source]),
      runCli(['import', '--offline', '--to', dir.to, `${dir.source}.gone`]),
    ]
    expect(await Promise.all(runs.map(({ ended }) => ended))).toEqual([2, 2])
    expect(runs.map(({ err }) => err)).toEqual([
      expect.stringContaining('--backend csv: some of json, pb, parquet, separated by commas'),
      expect.stringContaining('IBS_STORAGE_IMPORT_REFUSED'),
    ])
  })
})
