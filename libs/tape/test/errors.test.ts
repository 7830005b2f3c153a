import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { TAPE_ERROR_CODES } from '../src/errors.ts'

const folder = join(__dirname, '../src')
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== 'errors.ts')
  .map((name) => readFileSync(join(folder, name), 'utf8'))

test.each(TAPE_ERROR_CODES)('%s is raised somewhere', (code) => {
  expect(sources.some((source) => new RegExp(`new TapeError\\(\\s*'${code}'`).test(source))).toBe(true)
})
