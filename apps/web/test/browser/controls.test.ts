import type { StudyAnswer, Tick } from '@ib-stream/client'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { Stack } from '../../../../test/support/stack.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { complaints, drawn, drawnQuotes, openBrowser, visit } from './browser.ts'

const AAPL = 265598
const SLOW_MS = 120_000
const US = 1_000_000
/** Of the newest seconds ticks may still come. */
const LATE_US = 10 * US
const TAPE_ROWS = 60
const MOST_MARKERS = 80
let stack: Stack
let browser: Browser

beforeAll(async () => {
  stack = await Stack.make({ tracked: `${AAPL}:AAPL:bid_ask;last:24,711280073:MNQ:bid_ask;last:24`, simulator: ['--seed', '3'] })
  for (const program of [...stack.all, stack.keeper]) program.start()
  await stack.ready(stack.queryApi, SLOW_MS)
  browser = await openBrowser()
  await waitFor('there are bars of some seconds', async () => (await barsOver()).length > 20, SLOW_MS)
}, 3 * SLOW_MS)
afterAll(async () => {
  await browser?.close()
  await stack?.[Symbol.asyncDispose]()
})

async function api<Answer>(path: string): Promise<Answer> {
  return (await (await fetch(`${stack.apiUrl}${path}`)).json()) as Answer
}

/** Bars of a second that nothing changes any more: by what is recorded, not by the clock, for a busy machine is behind it. */
async function barsOver(): Promise<StudyAnswer['outputs']> {
  const { outputs } = await api<StudyAnswer>(`/v3/bars/${AAPL}?interval=1s&buffer_duration=10m`)
  return outputs.filter(({ ts }) => ts < (outputs.at(-1)?.ts ?? 0) - LATE_US)
}

/** A range that is over, of so many bars. */
async function rangeOf(count: number): Promise<{ fromUs: number; toUs: number; query: string; hash: string }> {
  const over = await barsOver()
  const [fromUs, toUs] = [over.at(-count)?.ts ?? 0, (over.at(-1)?.ts ?? 0) + US]
  return { fromUs, toUs, query: `start_time=${fromUs}&end_time=${toUs}`, hash: `#cid=${AAPL}&from=${fromUs}&to=${toUs}` }
}

async function open(hash = `#cid=${AAPL}&range=900`): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 880 } })
  page.setDefaultTimeout(SLOW_MS)
  await visit(page, `${stack.apiUrl}/${hash}`)
  await waitFor('bars are drawn', async () => (await drawn(page)).bars.length > 0, SLOW_MS)
  return page
}

const text = (page: Page, selector: string) => page.locator(selector).first().innerText()

interface Window {
  fromUs: number
  toUs?: number
}
/** What the page is asked to show. */
const windowOf = async (page: Page): Promise<Window> =>
  (await page.evaluate(() => (globalThis as { ibStreamPage?: { place: { window: unknown } } }).ibStreamPage?.place.window)) as Window

/** A side that nobody quotes is unset or −1, and either way not drawn. */
const priced = (price: number | undefined) => (price === -1 ? undefined : price)

/** When, bid and ask. */
async function quotesDrawn(page: Page): Promise<(number | null | undefined)[][]> {
  const [at = [], bid = [], ask = []] = (await drawnQuotes(page)).columns
  return at.flatMap((time, i) => (typeof bid[i] === 'number' || typeof ask[i] === 'number' ? [[time, bid[i], ask[i]]] : []))
}

it(
  'lists last, bid and ask, spread, rate, age and latency of a contract, as the API has them',
  async () => {
    const page = await open()
    const cells = async () => {
      const row = page.locator(`tr[data-cid="${AAPL}"] td`)
      const [, quotes = '', spread = '', rate = '', age = '', latency = ''] = await row.allInnerTexts()
      return { quotes: quotes.split(/\s*\n\s*/), spread, rate, age, latency }
    }
    const asTold = async () => {
      const { contracts } = await api<{ contracts: { ticks: { bid_ask?: { bp: number; ap: number }; last?: { p: number } } }[] }>(
        `/v3/snapshot?contracts=${AAPL}`,
      )
      const { bid_ask: quote, last } = contracts[0]?.ticks ?? {}
      const [bid = 0, ask = 0] = [quote?.bp, quote?.ap]
      return { quotes: [last?.p.toFixed(2), `${bid.toFixed(2)} × ${ask.toFixed(2)}`], spread: (ask - bid).toFixed(2) }
    }
    const isSame = async () => {
      const [told, { quotes, spread }] = await Promise.all([asTold(), cells()])
      return JSON.stringify(told) === JSON.stringify({ quotes, spread })
    }
    await waitFor('the list says what the API says', isSame, SLOW_MS)
    const isFlowing = async () => {
      const { rate, age, latency } = await cells()
      return Number.parseFloat(rate) > 0 && /^\d+(\.\d)?s$/.test(age) && /^\d+(\.\d+)?m?s$/.test(latency)
    }
    await waitFor('rate, age and latency are told', isFlowing, SLOW_MS)
    await page.close()
  },
  2 * SLOW_MS,
)

it(
  'colours trades by who crossed the spread, and draws each quote, as the API has them',
  async () => {
    const { query, hash } = await rangeOf(15)
    const page = await open(hash)
    const { outputs } = await api<StudyAnswer>(`/v3/studies/${AAPL}/delta?reset=none&${query}`)
    const trades = outputs.map(({ current_trade: trade }) => trade as { price: number; size: number; delta: number })
    const sides = { 1: 'buyer', [-1]: 'seller', 0: 'undecided' } as const
    const wanted = trades
      .slice(-TAPE_ROWS)
      .toReversed()
      .map(({ price, delta }) => `${price.toFixed(2)} ${sides[Math.sign(delta) as -1 | 0 | 1]}`)
    const listed = () =>
      page.locator('#tape li span[title]').evaluateAll((all) => all.map((one) => `${one.textContent} ${one.getAttribute('title')}`))
    await waitFor('the trades are listed', async () => (await listed()).length === wanted.length, SLOW_MS)
    expect(await listed()).toEqual(wanted)
    expect(new Set(wanted.map((row) => row.split(' ')[1])).size).toBeGreaterThan(1)
    const colours = (side: string) =>
      page.locator(`#tape li span[title="${side}"]`).evaluateAll((all) => [...new Set(all.map((one) => getComputedStyle(one).color))])
    expect([...(await colours('buyer')), ...(await colours('seller'))].length).toBe(2)
    expect((await drawn(page)).trades).toBe(Math.min(MOST_MARKERS, trades.length))
    await page.keyboard.press('x')
    await waitFor('they are taken away', async () => (await drawn(page)).trades === 0, SLOW_MS)

    await waitFor('quotes are drawn', async () => (await quotesDrawn(page)).length > 10, SLOW_MS)
    const quotes = await quotesDrawn(page)
    const [first, last] = [Number(quotes[0]?.[0]), Number(quotes.at(-1)?.[0])]
    const answer = await fetch(`${stack.apiUrl}/v3/buffer/${AAPL}/query?tick_types=bid_ask&format=ndjson&buffer_duration=10m`)
    const recorded = (await answer.text())
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Extract<Tick, { tt: 'bid_ask' }>]))
      .map(({ st, bp, ap }) => [st / US, priced(bp), priced(ap)] as const)
      .filter(([at]) => at >= first && at <= last)
    expect(quotes).toEqual(recorded.toSorted(([a], [b]) => a - b))
    await page.close()
  },
  2 * SLOW_MS,
)

it(
  'chooses ranges by keys and by the form, and goes back through history when the chart is pulled',
  async () => {
    const page = await open()
    const said = complaints(page)
    const shows = (what: string, holds: (window: Window) => boolean) => waitFor(what, async () => holds(await windowOf(page)), SLOW_MS)
    const newest = async () => (await drawn(page)).bars.at(-1)?.time ?? 0
    const atFirst = await newest()
    await waitFor('some seconds go by', async () => (await newest()) > atFirst + 3, SLOW_MS)
    await page.locator('#interval').selectOption('5s')
    await waitFor('bars are longer', async () => (await drawn(page)).bars.every(({ time }) => time % 5 === 0), SLOW_MS)
    expect(await page.locator('[data-range="900"]').getAttribute('aria-pressed')).toBe('true')
    await page.locator('#interval').selectOption('auto')
    await page.keyboard.press('2')
    await page.locator('[data-range="3600"][aria-pressed="true"]').waitFor()
    const { fromUs } = await windowOf(page)
    await page.keyboard.press('[')
    await shows('it goes back by an hour', (window) => window.toUs !== undefined && Math.abs(window.fromUs - fromUs + 3_600 * US) < 60 * US)
    await page.keyboard.press('l')
    await shows('it is live again', (window) => window.toUs === undefined)

    const range = await rangeOf(12)
    const iso = (us: number) => new Date(us / 1_000).toISOString().slice(0, 19)
    await page.locator('#picker summary').click()
    await page.locator('#range-from').fill(iso(range.toUs))
    await page.locator('#range-to').fill(iso(range.fromUs))
    await page.locator('#range-form button').click()
    await page.locator('#range-problem', { hasText: 'before the end' }).waitFor()
    await page.locator('#range-from').fill(iso(range.fromUs))
    await page.locator('#range-to').fill(iso(range.toUs))
    await page.locator('#range-form button').click()
    await shows('what was chosen', (window) => window.fromUs === range.fromUs && window.toUs === range.toUs)
    expect(page.url()).toContain(`from=${range.fromUs}&to=${range.toUs}`)
    await waitFor('it is drawn', async () => (await drawn(page)).bars.at(-1)?.time === range.toUs / US - 1, SLOW_MS)

    const box = await page.locator('#chart').boundingBox()
    if (!box) throw new Error('there is no chart')
    const isOlder = async () => {
      await page.mouse.move(box.x + 100, box.y + 150)
      await page.mouse.down()
      await page.mouse.move(box.x + 500, box.y + 150, { steps: 5 })
      await page.mouse.up()
      return ((await drawn(page)).bars[0]?.time ?? 0) < range.fromUs / US - 5
    }
    await waitFor('what lies before is drawn', isOlder, SLOW_MS)
    const { bars } = await drawn(page)
    const { outputs } = await api<StudyAnswer>(
      `/v3/bars/${AAPL}?interval=1s&start_time=${(bars[0]?.time ?? 0) * US}&end_time=${range.toUs}`,
    )
    expect(bars.map(({ time, close }) => [time, close])).toEqual(outputs.map(({ ts, close }) => [ts / US, close]))
    expect(said).toEqual([])
    await page.close()
  },
  4 * SLOW_MS,
)

it(
  'replays as fast as it is told to',
  async () => {
    const { hash } = await rangeOf(60)
    const page = await open(hash)
    await page.locator('#replay-speed').selectOption('1', { force: true })
    await page.keyboard.press('r')
    const at = async () => Date.parse(`${(await text(page, '#replay-time')).slice(0, 19).replace(' ', 'T')}Z`) / 1_000
    await waitFor('it goes', async () => (await at()) > 0, SLOW_MS)
    await page.locator('#replay-speed').selectOption('60')
    const [from, startedMs] = [await at(), performance.now()]
    // at the pace of before, so many seconds would take as many
    const isFast = async () => {
      const seconds = (await at()) - from
      return seconds > 10 && seconds > 3 * ((performance.now() - startedMs) / 1_000)
    }
    await waitFor('it is much faster than it was', isFast, SLOW_MS)
    await page.close()
  },
  3 * SLOW_MS,
)

it(
  'changes its theme and helps, by keys',
  async () => {
    const page = await open()
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await page.keyboard.press('t')
    const [light, lightBackground] = [await theme(), await background()]
    await page.keyboard.press('t')
    expect([light, await theme()].toSorted()).toEqual(['dark', 'light'])
    expect(await background()).not.toBe(lightBackground)
    await page.keyboard.press('?')
    await page.locator('#help-dialog').waitFor({ state: 'visible' })
    await page.keyboard.press('Escape')
    await page.locator('#help-dialog').waitFor({ state: 'hidden' })
    await page.close()
  },
  2 * SLOW_MS,
)

it(
  'regression: the contract of the address stayed unmarked where a range was chosen before there was a list',
  async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(SLOW_MS)
    const listed = Promise.withResolvers<void>()
    await page.route(/\/v3\/tracked/, async (route) => {
      await listed.promise
      await route.continue()
    })
    await visit(page, `${stack.apiUrl}/#cid=${AAPL}`)
    await page.keyboard.press('1')
    await waitFor('bars are drawn', async () => (await drawn(page)).bars.length > 0, SLOW_MS)
    expect(await page.locator('tr[data-cid]').count()).toBe(0)
    listed.resolve()
    await page.locator(`tr[data-cid="${AAPL}"].chosen [aria-current="true"]`).waitFor()
    await page.close()
  },
  2 * SLOW_MS,
)

it(
  'says what is wrong while nothing is recorded, and then where the gap is and why',
  async () => {
    const page = await open()
    const state = () => page.locator('#health').getAttribute('data-state')
    await waitFor('all is well', async () => (await state()) === 'good', SLOW_MS)
    expect(await text(page, '#health-text')).toMatch(/feed .*files .*clock .*free/)
    await stack.ingest.stop()
    await waitFor('it is not', async () => (await state()) === 'bad', SLOW_MS)
    expect(await text(page, '#health-text')).toMatch(/ingest|record/i)
    await page.locator('#health').click()
    await page.locator('#health-details tr').first().waitFor({ state: 'visible' })
    stack.ingest.start()
    await waitFor('all is well again', async () => (await state()) === 'good', SLOW_MS)
    await page.close()

    const after = await open()
    await after.locator('#strip .gap').first().waitFor({ state: 'attached' })
    expect(await after.locator('#strip .gap title').first().textContent()).toMatch(/^(bid_ask|last) .* long: ingest down/)
    expect(await text(after, '#strip-note')).toMatch(/\d gaps?; the newest: .*ingest down/)
    await after.close()
  },
  4 * SLOW_MS,
)
