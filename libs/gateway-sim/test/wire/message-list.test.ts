import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { ROOT } from '../../../../test/support/program.ts'
import { REPLY, REQUEST } from '../../src/wire/message-id.ts'
import { REPLIES } from './field-table.ts'

const page = readFileSync(join(ROOT, 'docs/reference/gateway-sim.md'), 'utf8')
const [, requests = '', replies = ''] = page.split('## Messages')[1]?.split(/^What (?:a client|the gateway) sends:$/m) ?? []

/** Rows of a table with a message id: the id, and the test that the last cell names. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^\| (\d+) \|.*\| `([^`]+)`: (.+) \|$/gm)].map(([, id = '', file = '', title = '']) => ({
    id: Number(id),
    file,
    title,
  }))

const sorted = (ids: Iterable<number>) => [...ids].sort((a, b) => a - b)

const [, checklist = ''] = page.split('## Checklist')
const points = [...checklist.matchAll(/^\| (.+) \| `([^`]+)`: (.+) \|$/gm)].map(([, point = '', file = '', title = '']) => ({
  point,
  file,
  title,
}))

it('the page lists every message of both directions once, and none that is not spoken', () => {
  expect(rowsOf(requests).map(({ id }) => id)).toEqual(sorted(Object.values(REQUEST)))
  expect(rowsOf(replies).map(({ id }) => id)).toEqual(sorted(Object.values(REPLY)))
})

it('every message of the gateway has a table of its fields', () => {
  expect(sorted(Object.keys(REPLIES).map(Number))).toEqual(sorted(Object.values(REPLY)))
})

it.each([...rowsOf(requests), ...rowsOf(replies)])('message $id: the test that the page names is there ($title)', ({ file, title }) => {
  expect(readFileSync(join(ROOT, 'libs/gateway-sim/test', file), 'utf8')).toContain(title)
})

it('the checklist has a test for each point', () => {
  const rows = checklist.split('\n').filter((line) => line.startsWith('| ') && !line.endsWith('| test |'))
  expect([points.length, rows.length > 35]).toEqual([rows.length, true])
})

it.each(points)('$point', ({ file, title }) => {
  expect(readFileSync(join(ROOT, file), 'utf8')).toContain(title)
})
