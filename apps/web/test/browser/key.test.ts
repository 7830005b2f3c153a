import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { openKeyFile } from '../../../../services/query-api/src/safety/key-file.ts'
import { startServer } from '../../../../services/query-api/test/standing-server.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { complaints, openBrowser, visit } from './browser.ts'

const KEY = 'sesame-open-the-door-of-ticks'

it('asks for the API key where keys are on, says when it is wrong, and sends it as a header, never in an address but of a WebSocket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-page-'))
  const file = join(folder, 'keys')
  await writeFile(file, `trader read ${createHash('sha256').update(KEY).digest('hex')}\n`)
  const keys = openKeyFile(file, () => undefined)
  await using server = await startServer({ dataDir: folder, keys })
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(60_000)
    const said = complaints(page, (text) => /status of (401|503)/.test(text))
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await visit(page, server.url)
    await page.locator('#key-dialog').waitFor({ state: 'visible' })
    await page.locator('#key-input').fill('wrong')
    await page.locator('#key-form button').click()
    await page.locator('#key-problem', { hasText: 'not known' }).waitFor()
    await page.locator('#key-input').fill(KEY)
    await page.locator('#key-form button').click()
    // without NATS the list cannot be had; what is said now comes from behind the key
    await waitFor('it is let in', async () => /NATS/.test(await page.locator('#no-contracts').innerText()), 60_000)
    expect(await page.locator('#key-dialog').isVisible()).toBe(false)
    expect(asked.filter((url) => url.includes(KEY))).toEqual([])
    expect(said).toEqual([])
  } finally {
    await browser.close()
    keys[Symbol.dispose]()
    await rm(folder, { recursive: true, force: true })
  }
}, 240_000)
