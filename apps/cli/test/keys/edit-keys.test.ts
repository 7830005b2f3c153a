import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashOf, parseKeys } from '@ib-stream/service'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { addKey, listKeys, revokeKey, rotateKey } from '../../src/keys/edit-keys.ts'

const folder = mkdtempSync(join(tmpdir(), 'ibs-keys-'))
const path = join(folder, 'keys')
beforeEach(() => rmSync(path, { force: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const owns = (key: string) => parseKeys(readFileSync(path, 'utf8')).find(({ hash }) => hash.equals(hashOf(key)))?.name

test('a file is made with its first key, for its owner alone, and never holds a key', () => {
  const key = addKey(path, { name: 'notebook', scope: 'read' })
  expect(key).toMatch(/^ibs_[\w-]{43}$/)
  expect(owns(key)).toBe('notebook')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readFileSync(path, 'utf8')).not.toContain(key)
  expect(addKey(path, { name: 'boss', scope: 'admin' })).not.toBe(key)
  expect(listKeys(path)).toEqual([
    { name: 'notebook', scope: 'read' },
    { name: 'boss', scope: 'admin' },
  ])
})

test('a rotated key is another one in the same place; a revoked one is gone; comments stay', () => {
  writeFileSync(path, '# of our team\n\n')
  const [a, b] = [addKey(path, { name: 'a', scope: 'read' }), addKey(path, { name: 'b', scope: 'admin' })]
  const next = rotateKey(path, 'a')
  expect([owns(a), owns(next), owns(b)]).toEqual([undefined, 'a', 'b'])
  expect(readFileSync(path, 'utf8')).toMatch(/^# of our team\n\na read [0-9a-f]{64}\nb admin [0-9a-f]{64}\n$/)
  revokeKey(path, 'a')
  expect([owns(next), owns(b)]).toEqual([undefined, 'b'])
})

test('what cannot be is said, and changes nothing', () => {
  addKey(path, { name: 'a', scope: 'read' })
  const before = readFileSync(path, 'utf8')
  const invalid = expect.objectContaining({ code: 'IBS_CLI_OPTION_INVALID' })
  for (const wrong of [
    () => addKey(path, { name: 'a', scope: 'admin' }),
    () => addKey(path, { name: 'two words', scope: 'read' }),
    () => addKey(path, { name: '#x', scope: 'read' }),
    () => revokeKey(path, 'b'),
    () => revokeKey(path, 'a'), // the last one: query-api would not start
    () => rotateKey(path, 'b'),
  ])
    expect(wrong).toThrow(invalid)
  writeFileSync(`${path}.new`, '')
  expect(() => rotateKey(path, 'a')).toThrow(/another edit/)
  rmSync(`${path}.new`)
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(existsSync(`${path}.new`)).toBe(false)
  writeFileSync(path, 'nonsense\n')
  expect(() => addKey(path, { name: 'c', scope: 'read' })).toThrow(/line 1/)
  expect(readFileSync(path, 'utf8')).toBe('nonsense\n')
})
