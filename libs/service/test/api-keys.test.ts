import { expect, test } from '@jest/globals'
import { hashOf, keyLine, parseKeys } from '../src/api-keys.ts'

const line = (name: string, scope: 'read' | 'admin', key: string) => keyLine({ name, scope, hash: hashOf(key) })

test('names every wrong line of a file of keys', () => {
  expect(() => parseKeys('a read 12\nb write x\n')).toThrow(/line 1: .*; line 2: /)
  expect(() => parseKeys(`${line('a', 'read', 'x')}\n${line('a', 'admin', 'y')}`)).toThrow(/line 2: a is there already/)
})

test('reads what was written, and passes over comments', () => {
  const keys = parseKeys(`# mine\n\n  ${line('a', 'read', 'x')}  \n${line('b.c-d', 'admin', 'y')}`)
  expect(keys).toEqual([
    { name: 'a', scope: 'read', hash: hashOf('x') },
    { name: 'b.c-d', scope: 'admin', hash: hashOf('y') },
  ])
})
