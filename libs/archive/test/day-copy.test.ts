import { Readable } from 'node:stream'
import { expect, it } from '@jest/globals'
import { confirm } from '../src/day-copy.ts'
import type { ObjectStore } from '../src/object-store.ts'
import { bodyOf } from '../src/records.ts'

const [content, other] = [bodyOf('a day'), bodyOf('another')]

/** A bucket whose objects all are `a day`; the server that has sums of its own is no test's to start. */
const gets: string[] = []
const store = {
  get: async (key: string) => {
    gets.push(key)
    return Readable.from(['a day'])
  },
} as unknown as ObjectStore

it('believes the sum that a server has of the whole object, and reads what has none', async () => {
  const facts = { bytes: content.bytes, etag: 'e' }
  expect(await confirm({ store }, 'k', content.sha256, { ...facts, serverSha256: content.sha256 })).toBe('server')
  expect(await confirm({ store }, 'k', content.sha256, { ...facts, serverSha256: other.sha256 })).toBeUndefined()
  expect(gets).toEqual([])
  expect(await confirm({ store }, 'k', content.sha256, { ...facts, serverSha256: undefined })).toBe('read')
  expect(await confirm({ store }, 'k', other.sha256, { ...facts, serverSha256: undefined })).toBeUndefined()
  expect(gets).toEqual(['k', 'k'])
})
