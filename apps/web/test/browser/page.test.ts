import type { Coverage, StudyAnswer, Tick, TrackedContracts } from '@ib-stream/client'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { Stack } from '../../../../test/support/stack.ts'
import { TcpProxy } from '../../../../test/support/tcp-proxy.ts'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { barriers, complaints, drawn, drawnQuotes, openBrowser, visit } from './browser.ts'

const AAPL = 265598
const SLOW_MS = 120_000
const US = 1_000_000
const LATE_US = 10 * US
/** More Tab presses than the page has places to stop at. */
const MOST_STOPS = 80
let stack: Stack
let proxy: TcpProxy
let browser: Browser
let url: string

beforeAll(async () => {
  stack = await Stack.make({ tracked: `${AAPL}:AAPL:bid_ask;last:24,711280073:MNQ:bid_ask;last:24`, simulator: ['--seed', '3'] })
  for (const program of stack.all) program.start()
  await waitFor('query-api is ready', async () => (await stack.health(stack.queryApi))?.ready === true, SLOW_MS)
  proxy = await TcpProxy.start(Number(new URL(stack.apiUrl).port))
  url = `http://127.0.0.1:${proxy.port}`
  browser = await openBrowser()
  const secondsOver = async () => {
    const { fromUs, toUs } = await rangeOfBars(15)
    return (toUs - fromUs) / US
  }
  // 15 exactly where each second of them has a trade
  await waitFor('there are trades of some seconds', async () => (await secondsOver()) >= 15, SLOW_MS).catch((error: unknown) => {
    throw new Error([String(error), ...stack.all.map(({ output }) => output.slice(-1_500))].join('\n'))
  })
}, 2 * SLOW_MS)
afterAll(async () => {
  await browser?.close()
  await proxy?.[Symbol.asyncDispose]()
  await stack?.[Symbol.asyncDispose]()
})

async function api<Answer>(path: string): Promise<Answer> {
  return (await (await fetch(`${stack.apiUrl}${path}`)).json()) as Answer
}

async function ticksSince(fromUs: number): Promise<Tick[]> {
  const answer = await fetch(`${stack.apiUrl}/v3/buffer/${AAPL}/query?tick_types=bid_ask,last&start_time=${fromUs}&format=ndjson`)
  return (await answer.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Tick)
}

/** A range that is over, and has so many bars of a second: by what is recorded, not by the clock, for a busy machine is behind it. */
async function rangeOfBars(count: number): Promise<{ fromUs: number; toUs: number }> {
  const { outputs } = await api<StudyAnswer>(`/v3/bars/${AAPL}?interval=1s&buffer_duration=10m`)
  const over = outputs.filter(({ ts }) => ts < (outputs.at(-1)?.ts ?? 0) - LATE_US) // of the newest seconds ticks may still come
  return { fromUs: over.at(-count)?.ts ?? over[0]?.ts ?? 0, toUs: (over.at(-1)?.ts ?? 0) + US }
}

async function open(hash = '', options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 880 }, ...options })
  page.setDefaultTimeout(SLOW_MS)
  await visit(page, `${url}/${hash}`)
  return page
}

/** Where there is room, what lies before a range is drawn too. */
const barsSince = async (page: Page, fromUs: number) => (await drawn(page)).bars.filter(({ time }) => time >= fromUs / US)

/** Waits until it holds; where it never does, what it finds at last is told. */
async function settles(what: string, holds: () => Promise<void>): Promise<void> {
  const isSo = () =>
    holds().then(
      () => true,
      () => false,
    )
  await waitFor(what, isSo, SLOW_MS).catch(holds)
}

const becomes = (what: string, read: () => Promise<unknown>, wanted: unknown): Promise<void> =>
  settles(what, async () => expect(await read()).toEqual(wanted))

const text = (page: Page, selector: string) => page.locator(selector).first().innerText()

it(
  'draws what the API says: bars, VWAP, volume delta, bands, quotes, coverage',
  async () => {
    const { fromUs, toUs } = await rangeOfBars(15)
    const range = `start_time=${fromUs}&end_time=${toUs}`
    const page = await open(`#cid=${AAPL}&from=${fromUs}&to=${toUs}`)
    const said = complaints(page)
    await page.locator('[data-layer="bollinger"]').click()
    const bars = await api<StudyAnswer>(`/v3/bars/${AAPL}?interval=1s&${range}`)
    const wanted = bars.outputs.map(({ ts, open, high, low, close }) => ({ time: ts / US, open, high, low, close }))
    await becomes('bars are drawn', () => barsSince(page, fromUs), wanted)
    expect(wanted.length).toBeGreaterThan(5)

    const vwap = await api<StudyAnswer>(`/v3/studies/${AAPL}/vwap?every_seconds=1&reset=none&${range}`)
    const last = vwap.outputs.at(-1)?.vwap as { value: number }
    expect((await drawn(page)).vwap.at(-1)?.value).toBeCloseTo(last.value, 8)

    const delta = await api<StudyAnswer>(`/v3/studies/${AAPL}/delta?every_seconds=1&reset=none&${range}`)
    const { cumulative_delta: net } = (delta.outputs.at(-1)?.summary ?? {}) as { cumulative_delta?: number }
    const sum = async () =>
      (await drawn(page)).delta.filter(({ time }) => time >= fromUs / US).reduce((total, { value }) => total + value, 0)
    await becomes('the delta is drawn', sum, expect.closeTo(net ?? Number.NaN, 6))

    const bands = await api<StudyAnswer>(
      `/v3/studies/${AAPL}/bollinger?every_seconds=1&reset=none&std_dev=2&start_time=${fromUs - 1_200 * US}&end_time=${toUs}`,
    )
    const { upper_band: upper } = (bands.outputs.at(-1)?.bands ?? {}) as { upper_band?: number }
    await becomes('the bands are drawn', async () => (await drawn(page)).bands[0]?.at(-1)?.value, expect.closeTo(upper ?? Number.NaN, 6))

    await waitFor('the quotes are drawn', async () => ((await drawnQuotes(page)).columns[0]?.length ?? 0) > 10, SLOW_MS)
    const { mode, columns } = await drawnQuotes(page)
    const ticks = (await ticksSince(fromUs - 600 * US)).filter((tick) => columns[0]?.includes(tick.st / US)) // of all that is seen
    expect(mode).toBe('raw')
    expect(ticks).toHaveLength(columns[0]?.length ?? 0)

    await waitFor('the coverage is drawn', async () => /%/.test(await text(page, '#strip-share')), SLOW_MS)
    const coverage = await api<Coverage>(`/v3/coverage/${AAPL}?hours=always&${range}`)
    const shares = Object.values(coverage.tick_types).map(({ percent }) => percent ?? 0)
    expect(await text(page, '#strip-share')).toBe(`${Math.min(...shares).toFixed(2)} %`)
    expect(said).toEqual([])
    await page.close()
  },
  3 * SLOW_MS,
)

it(
  'shows in the coverage strip the sessions of days that are over too',
  async () => {
    const toUs = Date.now() * 1_000
    const page = await open(`#cid=${AAPL}&from=${toUs - 7 * 86_400 * US}&to=${toUs}`)
    const sessions = page.locator('#strip .session')
    await waitFor('the strip is drawn', async () => (await sessions.count()) > 0, SLOW_MS)
    expect(await sessions.count()).toBeGreaterThanOrEqual(4)
    await page.close()
  },
  2 * SLOW_MS,
)

it(
  'replays what was recorded: bars grow to what the API says, with pause and seek',
  async () => {
    const { fromUs, toUs } = await rangeOfBars(12)
    const page = await open(`#cid=${AAPL}&from=${fromUs}&to=${toUs}`)
    const said = complaints(page)
    const { outputs } = await api<StudyAnswer>(`/v3/bars/${AAPL}?interval=1s&start_time=${fromUs}&end_time=${toUs}`)
    const all = outputs.map(({ ts, open, high, low, close }) => ({ time: ts / US, open, high, low, close }))
    await waitFor('it is drawn', async () => (await barsSince(page, fromUs)).length === all.length, SLOW_MS)
    await page.keyboard.press('r')
    await page.locator('#replay-bar').waitFor({ state: 'visible' })
    await waitFor('it begins anew', async () => (await drawn(page)).bars.length < all.length, SLOW_MS)
    await waitFor('bars grow', async () => (await drawn(page)).bars.length > 2, SLOW_MS)
    await page.locator('#replay-play').click()
    await page.locator('[aria-label="Go on with the replay"]').waitFor()
    await page.locator('#replay-seek').fill('900')
    await page.locator('#replay-seek').dispatchEvent('change')
    await waitFor('it goes to its end', async () => /end/.test(await text(page, '#replay-time')), SLOW_MS)
    const replayed = async () => (await drawn(page)).bars.map(({ time, open, high, low, close }) => ({ time, open, high, low, close }))
    await becomes('all of it is drawn', replayed, all) // with the next frame
    await page.keyboard.press('r')
    await page.locator('#replay-bar').waitFor({ state: 'hidden' })
    expect(said).toEqual([])
    await page.close()
  },
  4 * SLOW_MS,
)

it(
  'goes on live, says SIMULATOR and how the services are, and after a lost connection has every tick of the time without one',
  async () => {
    const page = await open(`#cid=${AAPL}&range=900`)
    const said = complaints(page, (message) => /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|WebSocket connection/.test(message))
    await waitFor('it is drawn', async () => (await drawn(page)).bars.length > 0, SLOW_MS)
    await page.locator('#simulator').waitFor({ state: 'visible' })
    await waitFor('the health line speaks', async () => !/Looking/.test(await text(page, '#health-text')), SLOW_MS)
    const newest = async () => (await drawn(page)).bars.at(-1)?.time ?? 0
    const before = await newest()
    await waitFor('new bars come', async () => (await newest()) > before, SLOW_MS)
    await waitFor('the list is live', async () => Number.parseFloat(await text(page, '#total-rate')) > 0, SLOW_MS)
    await waitFor('quotes are live', async () => /last 2 minutes/.test(await text(page, '#quotes-note')), SLOW_MS)

    proxy.mode = 'cut'
    await waitFor('the page says so', async () => /query-api does not answer/.test(await text(page, '#health-text')), SLOW_MS)
    const cutAt = await newest()
    proxy.mode = 'open'
    await waitFor('bars come again', async () => (await newest()) >= cutAt + 5, SLOW_MS)
    await waitFor('all is said to be as it was', async () => !/query-api does not answer/.test(await text(page, '#health-text')), SLOW_MS)

    const barsLater = async () => {
      const { bars, volume } = await drawn(page)
      const closed = bars.slice(0, -2).filter(({ time }) => time >= cutAt - 10)
      return closed.map(({ time, open, high, low, close }) => ({
        time,
        open,
        high,
        low,
        close,
        volume: volumeAt(volume, time)?.toFixed(6),
      }))
    }
    const isAsTold = async () => {
      const shown = await barsLater()
      const { outputs } = await api<StudyAnswer>(`/v3/bars/${AAPL}?interval=1s&start_time=${(shown[0]?.time ?? 0) * US}`)
      const told = outputs.map(({ ts, open, high, low, close, volume }) => ({
        ...{ time: ts / US, open, high, low, close },
        volume: Number(volume).toFixed(6),
      }))
      expect(shown.length).toBeGreaterThan(4)
      expect(shown).toEqual(told.slice(0, shown.length))
    }
    await settles('the bars are those of the API', isAsTold) // some seconds after they closed they are asked for anew

    // bars that closed are asked for anew, each quote and trade comes over the connection alone
    const [times = []] = (await drawnQuotes(page)).columns
    const [from, to] = [cutAt - 10, times.at(-1) ?? 0]
    const ticks = (await ticksSince((from - 5) * US)).map(({ st }) => st / US)
    const within = (all: readonly (number | null)[]) => all.filter((at) => at !== null && at >= from && at <= to)
    expect(within(times)).toEqual(within(ticks.sort((a, b) => a - b)))
    expect(within(times).length).toBeGreaterThan(50)
    expect(said).toEqual([])
    await page.close()
  },
  4 * SLOW_MS,
)

const volumeAt = (volume: readonly { time: number; value: number }[], time: number) => volume.find((one) => one.time === time)?.value

it(
  'adds a contract by its symbol and takes it away, by keyboard',
  async () => {
    const page = await open()
    const said = complaints(page)
    await page.locator(`tr[data-cid="${AAPL}"]`).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('IBM')
    await page.locator('#found [role=option] b').first().waitFor()
    await page.keyboard.press('Enter')
    await page.locator('tr[data-cid="8314"]').waitFor()
    const names = async () => (await api<TrackedContracts>('/v3/tracked')).contracts.map(({ symbol }) => symbol)
    await waitFor('it is tracked', async () => (await names()).includes('IBM'), SLOW_MS)
    await waitFor(
      'its ticks come',
      async () => (await text(page, '#symbol-title')) === 'IBM' && (await drawn(page)).bars.length > 0,
      SLOW_MS,
    )
    page.on('dialog', (dialog) => void dialog.accept())
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
    for (let i = 0; i < MOST_STOPS && (await focused()) !== 'Record IBM no longer'; i++) await page.keyboard.press('Tab')
    expect(await focused()).toBe('Record IBM no longer')
    await page.keyboard.press('Enter')
    await waitFor('it is tracked no more', async () => !(await names()).includes('IBM'), SLOW_MS)
    await page.keyboard.press('ArrowUp')
    await waitFor('the contract above is shown', async () => /MNQ|AAPL/.test(await text(page, '#symbol-title')), SLOW_MS)
    expect(said).toEqual([])
    await page.close()
  },
  4 * SLOW_MS,
)

it.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['on a phone', { colorScheme: 'dark', viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
] as const)(
  'keeps nobody out and does not scroll sideways: %s',
  async (_name, options) => {
    const page = await open('', options)
    await waitFor('it is drawn', async () => (await drawn(page)).bars.length > 0, SLOW_MS)
    expect(await barriers(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await page.close()
  },
  2 * SLOW_MS,
)
