// `npm run screenshots [-- --minutes 8]`: the pictures of docs/images, of the real services with the simulator. Minutes: how much is recorded before they are taken.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Stack } from '../../../test/support/stack.ts'
import { openBrowser } from './browser/browser.ts'

const IMAGES = join(import.meta.dirname, '../../../docs/images')
const SHOTS = [
  { name: 'page-light', scheme: 'light', width: 1440, height: 900 },
  { name: 'page-dark', scheme: 'dark', width: 1440, height: 900 },
  { name: 'page-phone', scheme: 'dark', width: 390, height: 1180 },
] as const
const SETTLE_MS = 8_000

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '8' } } })
const minutes = Number(values.minutes)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const tracked = '265598:AAPL:bid_ask;last:24,711280073:MNQ:bid_ask;last:24,8314:IBM:bid_ask:24'
await using stack = await Stack.make({ tracked, simulator: ['--seed', '11'] })
for (const program of stack.all) program.start()
await stack.ready(stack.queryApi)
const browser = await openBrowser()
say(`recording for ${minutes} minutes …`)
await wait(minutes * 60_000)
await mkdir(IMAGES, { recursive: true })
for (const { name, scheme, width, height } of SHOTS) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, isMobile: width < 600, hasTouch: width < 600 })
  await page.goto(`${stack.apiUrl}/#cid=711280073&range=900`)
  await page.locator('[data-layer="bollinger"]').click()
  await page.locator('#simulator').waitFor({ state: 'visible', timeout: 60_000 })
  await wait(SETTLE_MS)
  await page.screenshot({ path: join(IMAGES, `${name}.png`) })
  say(join('docs/images', `${name}.png`))
  await page.close()
}
await browser.close()
