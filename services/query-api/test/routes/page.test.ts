import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type StandingServer, startServer } from '../standing-server.ts'

let folder: string
let server: StandingServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ibs-page-'))
  const keys = { keys: [], find: () => undefined, [Symbol.dispose]: () => undefined }
  server = await startServer({ dataDir: folder, keys }) // no key opens anything but the page
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Everything that a text asks the browser for, by its own words. */
const references = (text: string): string[] =>
  [...text.matchAll(/(?:src|href)="(\/[^"]*)"|"(\/page\/[^"]+)"/g)].map(([, link, mapped]) => link ?? mapped ?? '')

test('every file that the page and its modules name is there, without a key, and is what its type says', async () => {
  const page = await (await fetch(`${server.url}/`)).text()
  const pages = references(page).filter((path) => path.startsWith('/page/'))
  expect(pages.length).toBeGreaterThan(30)
  const types = { ts: 'text/javascript', mjs: 'text/javascript', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' } as const
  for (const path of pages) {
    const answer = await fetch(`${server.url}${path}`)
    const extension = path.split('.').at(-1) as keyof typeof types
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, `${types[extension]}; charset=utf-8`])
    if (extension !== 'ts') continue
    for (const [, target = ''] of (await answer.text()).matchAll(/from '(\.[^']+)'/g))
      expect(pages).toContain(new URL(target, `http://x${path}`).pathname)
  }
})

test('nothing comes from elsewhere, and only the scripts that are ours may run', async () => {
  const answer = await fetch(`${server.url}/`)
  const page = await answer.text()
  const [, map = ''] = /<script type="importmap">(.*?)<\/script>/s.exec(page) ?? []
  const policy = answer.headers.get('content-security-policy') ?? ''
  expect(policy).toContain(`script-src 'self' 'sha256-${createHash('sha256').update(map).digest('base64')}'`)
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|\*/)
  expect(page.match(/(?:src|href)="https?:[^"]*"/g)).toEqual(['href="https://www.tradingview.com/"'])
  expect(page).not.toMatch(/ style="| on[a-z]+="/)
})

test('the client goes out as it is, without its types', async () => {
  const code = await (await fetch(`${server.url}/page/client/stream.ts`)).text()
  expect(code).toContain('class TickStream')
  expect(code).not.toMatch(/import type|implements AsyncIterable|: Transport/)
})

test('what a browser has it is not sent again, and what it has not is sent small', async () => {
  const first = await fetch(`${server.url}/page/vendor/uPlot.esm.js`, { headers: { 'accept-encoding': 'gzip' } })
  expect(first.headers.get('content-encoding')).toBe('gzip')
  const whole = await first.arrayBuffer()
  const etag = first.headers.get('etag') ?? ''
  const again = await fetch(`${server.url}/page/vendor/uPlot.esm.js`, { headers: { 'if-none-match': etag } })
  expect([whole.byteLength > 100_000, again.status]).toEqual([true, 304])
})

test('a file that the page has not is a problem, also one that lies beside', async () => {
  for (const path of ['/page/web/none.ts', '/page/none/main.ts', '/page/web/..%2Fpackage.json', '/page/client/..%2F..%2Fpackage.json']) {
    const answer = await fetch(`${server.url}${path}`)
    expect([path, [400, 404].includes(answer.status), answer.headers.get('content-type')]).toEqual([
      path,
      true,
      'application/problem+json; charset=utf-8',
    ])
  }
})
