import { expect, test } from '@jest/globals'
import { formatFor } from '../../src/history/format.ts'

test.each([
  [undefined, 'json'],
  ['', 'json'],
  ['*/*', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/x-protobuf', 'protobuf'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
  ['application/json;q=0.2, application/x-ndjson;q=0.9', 'ndjson'],
  ['application/json;q=0, */*', 'ndjson'],
  ['Application/X-Protobuf', 'protobuf'],
])('Accept %s gives %s', (accept, format) => {
  expect(formatFor(accept)).toBe(format)
})

test.each(['image/png', 'text/html', '*/*;q=0'])('Accept %s is refused', (accept) => {
  expect(() => formatFor(accept)).toThrow('IBS_QUERY_FORMAT_UNACCEPTABLE')
})
