// `npm run screenshots [-- --minutes 8]`: the pictures of docs/images, page and terminal, of all services with the simulator. Minutes: how much is recorded before they are taken.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { freePort } from '../../../test/support/free-port.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { shellText } from '../../cli/test/standing-up.ts'
import { Terminal } from '../../cli/test/terminal.ts'
import { openBrowser, visit } from './browser/browser.ts'
import { terminalPage } from './terminal-picture.ts'

const IMAGES = join(import.meta.dirname, '../../../docs/images')
const SHOTS = [
  { name: 'page-light', scheme: 'light', width: 1440, height: 900 },
  { name: 'page-dark', scheme: 'dark', width: 1440, height: 900 },
  { name: 'page-phone', scheme: 'dark', width: 390, height: 1180 },
] as const
/** What the picture of the terminal shows. */
const COMMANDS = [
  'health',
  'tail 711280073 --number 5',
  'coverage 711280073 --last 5m',
  'bars 265598 --last 5m',
  'export 711280073 --last 5m -o mnq.csv',
  'stats',
]
const START_WITHIN_MS = 180_000
const SETTLE_MS = 10_000
/** The range of the replay, from its middle on. */
const REPLAYED_US = 300_000_000
const REPLAYS_FOR_MS = 1_500
const COLUMNS = 110

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
    await visit(page, `${url}/#cid=711280073&range=900`)
    await page.locator('#interval').selectOption('5s')
    await page.locator('[data-layer="bollinger"]').click()
    await page.locator('#simulator').waitFor({ state: 'visible', timeout: START_WITHIN_MS })
    await wait(SETTLE_MS)
    await page.screenshot({ path: join(IMAGES, `${name}.png`) })
    say(join('docs/images', `${name}.png`))
    await page.close()
  }
  await replayPicture(browser)
  await terminalPicture(browser)
  await browser.close()
} finally {
  await up[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
}

/** A replay on its way, of what was just recorded. */
async function replayPicture(browser: Browser): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' })
  const toUs = Date.now() * 1_000
  await visit(page, `${url}/#cid=265598&from=${toUs - REPLAYED_US}&to=${toUs}`)
  await page.locator('#strip .recorded').first().waitFor({ state: 'attached', timeout: START_WITHIN_MS })
  await page.keyboard.press('r')
  await page.locator('#replay-speed').selectOption('10')
  await page.locator('#replay-seek').fill('500')
  await page.locator('#replay-seek').dispatchEvent('change')
  await page.locator('#replay-time').filter({ hasText: /\d/ }).waitFor({ timeout: START_WITHIN_MS })
  await wait(REPLAYS_FOR_MS)
  await page.screenshot({ path: join(IMAGES, 'page-replay.png') })
  say('docs/images/page-replay.png')
  await page.close()
}

async function terminalPicture(browser: Browser): Promise<void> {
  const typed = COMMANDS.map((command) => `printf '\\033[2m$\\033[22m ./ib-stream ${command}\\n'; ib-stream ${command}; echo`).join('; ')
  using terminal = new Terminal(shellText(typed), { cwd: dataDir, env, columns: COLUMNS })
  await terminal.ended
  const page = await browser.newPage()
  await page.setContent(terminalPage(terminal.coded.trimEnd(), COLUMNS))
  await page.locator('pre').screenshot({ path: join(IMAGES, 'terminal.png') })
  say('docs/images/terminal.png')
  await page.close()
}
