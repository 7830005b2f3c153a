import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'
import { drawn } from '../bench/field/drawn.ts'
import { assertRight, QUESTION_NAMES } from '../bench/field/questions.ts'
import { type FieldResult, readResult } from '../bench/field/result.ts'

it('shows in docs/benchmarks.md and its charts what the committed run says', async () => {
  const made = drawn(await readResult('bench/results/field.json'), await readFile('docs/benchmarks.md', 'utf8'))
  for (const [path, text] of Object.entries(made)) expect({ path, text: await readFile(path, 'utf8') }).toEqual({ path, text })
})

it('asks ours and others the same and holds every answer to the right one', async () => {
  const result = join(tmpdir(), `ibs-field-${process.pid}.json`)
  const flags = ['--only', 'model', '--scale', '0.005', '--rounds', '1', '--stores', 'pb,sqlite', '--result', result]
  try {
    await promisify(execFile)(process.execPath, ['bench/field.ts', ...flags])
    const { figures } = JSON.parse(await readFile(result, 'utf8')) as FieldResult
    for (const store of ['pb', 'sqlite']) {
      const asked = figures.filter((cell) => cell.store === store).map(({ of }) => of)
      expect(asked.toSorted()).toEqual(['load', 'size', ...QUESTION_NAMES].toSorted())
    }
  } finally {
    await rm(result, { force: true })
  }
})

it('does not take a wrong answer, however fast', () => {
  expect(() => assertRight('the store', [3, 7, 0.1 + 0.2], [3, 7, 0.3])).not.toThrow()
  expect(() => assertRight('the store', [3, 8, 0.3], [3, 7, 0.3])).toThrow('the store: answered 3,8,0.3, right is 3,7,0.3')
  expect(() => assertRight('the store', [3, 7], [3, 7, 0.3])).toThrow()
  expect(() => assertRight('the store', [Number.NaN], [3])).toThrow()
})
