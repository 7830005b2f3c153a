// `npm run screenshots [-- --minutes 8]`: the pictures of docs/images, of all services with the simulator. Minutes: how much is recorded before they are taken.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort } from '../../../test/support/free-port.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { openBrowser } from './browser/browser.ts'

const IMAGES = join(import.meta.dirname, '../../../docs/images')
const SHOTS = [
  { name: 'page-light', scheme: 'light', width: 1440, height: 900 },
  { name: 'page-dark', scheme: 'dark', width: 1440, height: 900 },
  { name: 'page-phone', scheme: 'dark', width: 390, height: 1180 },
] as const
const START_WITHIN_MS = 180_000
const SETTLE_MS = 10_000

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '8' } } })
const minutes = Number(values.minutes)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const dataDir = await mkdtemp(join(tmpdir(), 'ibs-screenshots-'))
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const env = {
  DATA_DIR: dataDir,
  PORT: String(port),
  IB_HOST: '',
  IB_STREAM_TRACKED_CONTRACTS: '265598:AAPL:bid_ask;last:24,711280073:MNQ:bid_ask;last:24,8314:IBM:bid_ask:24',
}
const up = nodeProgram('up', 'apps/cli/src/main.ts', env, ['up']).start()
try {
  const isUp = async () => (await fetch(`${url}/ready`).catch(() => undefined))?.ok === true
  await waitFor('the services run', isUp, START_WITHIN_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${up.output.slice(-2_000)}`)
  })
  say(`recording for ${minutes} minutes …`)
  await wait(minutes * 60_000)
  await mkdir(IMAGES, { recursive: true })
  const browser = await openBrowser()
  for (const { name, scheme, width, height } of SHOTS) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, isMobile: width < 600, hasTouch: width < 600 })
    await page.goto(`${url}/#cid=711280073&range=900`)
    await page.locator('#interval').selectOption('5s')
    await page.locator('[data-layer="bollinger"]').click()
    await page.locator('#simulator').waitFor({ state: 'visible', timeout: START_WITHIN_MS })
    await wait(SETTLE_MS)
    await page.screenshot({ path: join(IMAGES, `${name}.png`) })
    say(join('docs/images', `${name}.png`))
    await page.close()
  }
  await browser.close()
} finally {
  await up[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
}
