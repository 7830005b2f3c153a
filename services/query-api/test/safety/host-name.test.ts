import { expect, test } from '@jest/globals'
import { assertHost } from '../../src/safety/host-name.ts'

test.each([
  '127.0.0.1:8851',
  'localhost:8851',
  'LOCALHOST',
  '[::1]:8851',
  '192.168.1.5',
  'query-api:8851',
  'app.localhost',
  'ticks.example.com:443',
  undefined,
])('a server without keys may be asked as %s', (host) => {
  expect(() => assertHost(host, ['ticks.example.com'])).not.toThrow()
})

test.each([
  'evil.example',
  'evil.example:8851',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '[::1].evil.example',
  '127.0.0.1:8851.evil.example',
])('and not as %s, whose page may have it point here', (host) => {
  expect(() => assertHost(host, ['ticks.example.com'])).toThrow(expect.objectContaining({ code: 'IBS_QUERY_HOST_REFUSED' }))
  expect(() => assertHost(host, 'any')).not.toThrow()
})
