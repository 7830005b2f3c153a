import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page, type Request } from 'playwright-core'

/** Chromium as `npm test` found it (IB_STREAM_CHROMIUM). */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.IB_STREAM_CHROMIUM
  if (!executablePath) throw new Error('IB_STREAM_CHROMIUM names no Chromium; run this by npm test -- apps/web, which finds or fetches one')
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'], timeout: 120_000 })
}

/** Chromium drops whatever is on its way when a network of the machine comes or goes, as those of containers do. */
const NETWORK_CHANGED = 'net::ERR_NETWORK_CHANGED'
const MOST_VISITS = 10

/** Opens an address; anew where the machine's networks changed before all of the page was there. */
export async function visit(page: Page, url: string): Promise<void> {
  for (let i = 0; i < MOST_VISITS; i++) {
    let isCut = false
    const look = (request: Request) => {
      if (request.failure()?.errorText === NETWORK_CHANGED) isCut = true
    }
    page.on('requestfailed', look)
    await page.goto('about:blank')
    await page.goto(url).catch((error: unknown) => {
      if (!String(error).includes(NETWORK_CHANGED)) throw error
      isCut = true
    })
    page.off('requestfailed', look)
    if (!isCut) return
  }
}

/** What the page gave to its chart libraries. */
export interface Drawn {
  bars: { time: number; open: number; high: number; low: number; close: number }[]
  volume: { time: number; value: number }[]
  delta: { time: number; value: number }[]
  vwap: { time: number; value: number }[]
  bands: { time: number; value: number }[][]
  trades: number
}

const NOTHING: Drawn = { bars: [], volume: [], delta: [], vwap: [], bands: [], trades: 0 }

/** Asks the page itself; before its modules have run there is nothing. */
const asked = (page: Page, what: 'chart' | 'quotes'): Promise<unknown> =>
  page.evaluate((name) => (globalThis as { ibStreamPage?: Record<string, () => unknown> }).ibStreamPage?.[name]?.(), what)

export const drawn = async (page: Page): Promise<Drawn> => ((await asked(page, 'chart')) as Drawn | undefined) ?? NOTHING

export const drawnQuotes = async (page: Page): Promise<{ mode: string; columns: (number | null)[][] }> =>
  ((await asked(page, 'quotes')) as { mode: string; columns: (number | null)[][] } | undefined) ?? { mode: '', columns: [] }

/** What axe finds that keeps people out: `serious` and `critical`, in words. */
export async function barriers(page: Page): Promise<string[]> {
  const source = await readFile(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(source)
  const run = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`
  return (await page.evaluate(run)) as string[]
}

/** Everything that the page complains of in its console, and errors that nobody caught; what a lost connection must say is left out by `isExpected`. */
export function complaints(page: Page, isExpected: (text: string) => boolean = () => false): string[] {
  const all: string[] = []
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`
    // the state of the services is told with 503 while something is not well; a browser calls that an error
    if (message.type() === 'error' && !isExpected(text) && !text.includes(NETWORK_CHANGED) && !/503 .*\/system\/health$/.test(text))
      all.push(text)
  })
  page.on('pageerror', (error) => all.push(String(error)))
  return all
}
