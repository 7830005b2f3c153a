import type { Route } from '../../src/api/route.ts'
import { ROUTES } from '../../src/routes.ts'

/** 0 to below 1. */
export type Random = () => number

export interface HostileRequest {
  /** Id of the route that it is made for. */
  route: string
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

export const pick = <Item>(random: Random, items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item

/** What people and machines send that mean no good, or nothing at all. */
const NASTY: readonly string[] = [
  '',
  '0',
  '-1',
  '1e309',
  'NaN',
  '2147483648',
  '9007199254740993',
  '../../../../etc/passwd',
  '..%2f..%2f..%2fsecret',
  '%2e%2e%2f%2e%2e%2fsecret',
  '....//....//secret',
  '/etc/passwd',
  'file:///etc/passwd',
  '%00',
  '%0d%0aset-cookie:%20a=b',
  '%ff%fe',
  '%',
  '%zz',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '__proto__',
  'constructor',
  'toString',
  '*',
  '>',
  'ticks.>',
  'a.b.c',
  '\u{1f4a9}',
  '١٢٣',
  'x'.repeat(3_000),
  '1,'.repeat(500),
  '[[[[',
  '{"$ne":1}',
]
/** What is right somewhere. */
const FINE: readonly string[] = [
  '1',
  '711280073',
  '265598',
  'AAPL',
  'MNQ.front',
  'bid_ask',
  'last,bid_ask',
  'json',
  'ndjson',
  'protobuf',
  'csv',
  'arrow',
  'parquet',
  'pb',
  'last',
  'all_last',
  'regular',
  'always',
  'now',
  'midnight',
  '2025-07-30T13:00:00Z',
  '2025-07-30T14:00:00Z',
  '1753880400',
  '1h',
  '30s',
  '1w',
  '2025-07-30',
  'max',
  '10',
  'true',
  'UTC',
  'l.none.0.-1',
  'r.1.2.3',
  'h.x.1.2.3.4.-1',
]
const METHODS: readonly string[] = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND']
const HEADERS: readonly (readonly [string, string])[] = [
  ['accept', 'image/png;q=NaN, */*;q=-1'],
  ['accept-encoding', 'gzip, zstd, br;q=0, *;q=x'],
  ['authorization', 'Bearer '],
  ['authorization', `Basic ${'A'.repeat(2_000)}`],
  ['content-type', 'application/json'],
  ['content-type', 'multipart/form-data; boundary='],
  ['if-none-match', '"", W/"x", *'],
  ['range', 'bytes=-1,5-2,999999999999999999-'],
  ['range', 'bytes=5-'],
  ['if-range', '"x"'],
  ['last-event-id', 'l.x.999999999999999.9999999999999999'],
  ['origin', 'null'],
  ['x-request-id', '../../x'],
  ['x-forwarded-for', '127.0.0.1'],
  ['upgrade', 'h2c'],
  ['upgrade', 'websocket'],
  ['expect', '100-continue'],
  ['cookie', 'a='.repeat(500)],
]
const BODIES: readonly string[] = [
  '',
  '{}',
  '[]',
  'null',
  '{"cid":',
  `{"__proto__":{"x":1}}`,
  `${'['.repeat(5_000)}`,
  '{"a":1e999}',
  '{"tick_types":["last"]}',
  '{"tick_types":["last","last"],"symbol":"../..","buffer_hours":1e308}',
  '\u0000\u0001',
]

const value = (random: Random): string => (random() < 0.6 ? encodeURIComponent(pick(random, FINE)) : raw(pick(random, NASTY)))
/** As it is, but for what no request line can carry. */
const raw = (text: string): string => text.replaceAll(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char))

/** A request for some route, more or less right. */
export function hostileRequest(random: Random): HostileRequest {
  const route = pick(random, ROUTES)
  const headers = Object.fromEntries(Array.from({ length: Math.floor(random() * 3) }, () => pick(random, HEADERS)))
  const method = random() < 0.7 ? route.method : pick(random, METHODS)
  const body = method === 'GET' || method === 'HEAD' ? '' : pick(random, BODIES)
  if (route.body && random() < 0.7) headers['content-type'] = 'application/json'
  return { route: route.id, method, path: pathOf(random, route), headers, body }
}

function pathOf(random: Random, { path, query = {} }: Route): string {
  const filled = path.replaceAll(/\{\w+\}/g, () => value(random))
  const names = Object.keys(query)
  const pairs = Array.from({ length: Math.floor(random() * 5) }, () => {
    const name = names.length > 0 && random() < 0.85 ? pick(random, names) : raw(pick(random, NASTY))
    return `${name}=${value(random)}`
  })
  const odd = random() < 0.08 ? pick(random, ['/', '//', '/../..', ';x', '%00', '/.git/config', '#']) : ''
  // streams end by themselves in a second at most: a limit would not do where no ticks come
  const bound = names.includes('timeout') && random() < 0.8 ? ['timeout=1'] : []
  return `${filled}${odd}${pairs.length + bound.length > 0 ? `?${[...pairs, ...bound].join('&')}` : ''}`
}

/** A message for a WebSocket, more or less right. */
export function hostileMessage(random: Random): string {
  const messages: readonly unknown[] = [
    {
      type: 'subscribe',
      id: pick(random, ['a', 'b', '__proto__', '']),
      data: { contracts: [pick(random, [...FINE, ...NASTY, 1])], tick_types: ['last'] },
    },
    {
      type: 'subscribe',
      id: 'r',
      data: { contracts: [1], replay: { start_time: pick(random, FINE), speed: pick(random, [...FINE, 0, 1e9]) } },
    },
    {
      type: 'subscribe',
      id: 'h',
      data: { contracts: [711280073], start_time: pick(random, [...FINE, ...NASTY]), limit: pick(random, [1, 0, -1, 1e99]) },
    },
    { type: 'unsubscribe', id: pick(random, ['a', 'b', 'r', 'toString']) },
    { type: pick(random, ['pause', 'resume']), id: pick(random, ['a', 'r']) },
    { type: 'seek', id: 'r', data: { to: pick(random, [...FINE, ...NASTY]) } },
    { type: 'speed', id: 'r', data: { speed: pick(random, [...FINE, ...NASTY, null]) } },
    { type: 'ping', id: 'p', timestamp: pick(random, NASTY) },
    JSON.parse('{"type":"subscribe","__proto__":{"id":"x"},"constructor":1}'),
  ]
  const text = JSON.stringify(pick(random, messages))
  const at = Math.floor(random() * text.length)
  if (random() < 0.7) return text
  return random() < 0.5 ? text.slice(0, at) : `${text.slice(0, at)}${pick(random, NASTY)}${text.slice(at + 1)}`
}

/** Bytes for a bare socket. */
export function hostileBytes(random: Random): string {
  const line = pick(random, [
    'GET / HTTP/1.1',
    'GET /v3/info HTTP/9.9',
    `GET /${'a'.repeat(20_000)} HTTP/1.1`,
    'PRI * HTTP/2.0',
    '\u0016\u0003\u0001',
    'GET http://[::1/ HTTP/1.1',
    '',
  ])
  const headers = pick(random, [
    'Host: x',
    'Host: x\r\nContent-Length: -1',
    'Host: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked',
    'Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 99',
    ' folded: x',
    `X: ${'y'.repeat(17_000)}`,
  ])
  return `${line}\r\n${headers}\r\n${pick(random, ['\r\n', '', '\r\n\u0081\u0080'])}`
}
