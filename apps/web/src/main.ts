import type { Contract, Tick, TickType } from '@ib-stream/client'
import { contractOf, listContracts, track, untrack } from './contracts.ts'
import { ContractsTable, type Listed } from './contracts-table.ts'
import { byId, el, write } from './dom.ts'
import { clockTime, decimalsOf, price, short, signed } from './format.ts'
import { watchHealth } from './health.ts'
import { bindKeys } from './keys.ts'
import { barWords, type Layer } from './price-chart.ts'
import { intervalFor, intervalsFor } from './ranges.ts'
import { ReplayBar } from './replay-bar.ts'
import { SymbolSearch } from './search.ts'
import { askForKey, client, explained, repeating } from './session.ts'
import { applyTheme, nextTheme } from './theme.ts'
import { View, type Window } from './view.ts'

const US_PER_SECOND = 1_000_000
const LIST_EVERY_MS = 5_000
const DRAW_EVERY_MS = 250
const WATCH_AGAIN_MS = 2_000
const DEFAULT_RANGE_SECONDS = 3_600
const LAYER_KEYS: Readonly<Record<string, Layer>> = { v: 'vwap', b: 'bollinger', x: 'trades', d: 'delta' }

applyTheme()
const view = new View()
const replay = new ReplayBar(view, () => void show(place.window))
const table = new ContractsTable({ onChoose: (cid) => choose(cid), onRemove: (contract) => void remove(contract) })
const search = new SymbolSearch((contract) => void add(contract))

/** What the address says too, so that it can be sent and gone back to. */
const place: { cid: number | undefined; rangeSeconds: number; window: Window; interval: string; of: 'trades' | 'mid' } = {
  cid: undefined,
  rangeSeconds: DEFAULT_RANGE_SECONDS,
  window: lastSeconds(DEFAULT_RANGE_SECONDS),
  interval: 'auto',
  of: 'trades',
}

/** Contracts whose trades IB does not give. */
const quotesOnly = new Set<number>()

readAddress()
fillIntervals()
wireTools()
watchHealth()
setInterval(drawNow, DRAW_EVERY_MS)
repeating(refreshList, LIST_EVERY_MS)
Object.assign(globalThis, { ibStreamPage: { chart: () => view.chart.drawn(), quotes: () => view.quotes.drawn(), place } }) // for tests and for the curious

function lastSeconds(seconds: number): Window {
  return { fromUs: Date.now() * 1_000 - seconds * US_PER_SECOND, toUs: undefined }
}

/** Takes up what is recorded now. */
async function refreshList(): Promise<void> {
  try {
    const contracts = await listContracts()
    const before = table.cids.join()
    table.list(contracts)
    if (table.cids.join() !== before) watchAll()
    const first = place.cid ?? contracts[0]?.cid
    if (first !== undefined && view.shown === undefined) choose(first)
  } catch (error) {
    const why = explained(error) // what is listed stays: the line in the head says that the server is away
    if (place.cid !== undefined && view.shown === undefined) choose(place.cid)
    if (table.cids.length > 0) return
    write(byId('no-contracts'), why ?? '')
    byId('no-contracts').hidden = false
  }
}

let watching = new AbortController()
/** Quotes and trades of every contract of the list, over a connection for each set of tick types. */
function watchAll(): void {
  watching.abort(new DOMException('another list', 'AbortError'))
  watching = new AbortController()
  const { signal } = watching
  const contracts = table.cids
  if (contracts.length === 0) return
  void client.snapshot({ contracts }).then(
    ({ contracts: known }) => {
      for (const { contract_id: cid, ticks } of known) for (const tick of Object.values(ticks)) table.bookOf(cid)?.take(tick, undefined)
    },
    () => undefined, // the next look at the list says why
  )
  const onTick = (tick: Tick) => table.bookOf(tick.cid)?.take(tick, performance.timeOrigin + performance.now())
  for (const [types, cids] of Map.groupBy(contracts, (cid) => drawnTypes(cid).join())) {
    const follow = () => client.watch({ contracts: cids, tickTypes: types.split(',') as TickType[], signal, onTick })
    // what is wrong is said by the line in the head
    if (types !== '') repeating(() => follow().catch(() => undefined), WATCH_AGAIN_MS, signal)
  }
}

/** Quotes and trades, as far as they are recorded. */
const drawnTypes = (cid: number): TickType[] =>
  (['bid_ask', 'last'] as const).filter((type) => table.contractOf(cid)?.tickTypes.includes(type))

function drawNow(): void {
  table.draw(Date.now())
  write(byId('clock'), `${clockTime(Date.now() * 1_000)} UTC`)
  drawQuote()
}

function drawQuote(): void {
  const { shown, chart } = view
  if (!shown) return
  const book = table.bookOf(shown.cid)
  const [first, last] = [chart.bars[0], chart.bars.at(-1)]
  const isLive = view.window.toUs === undefined
  const now = isLive ? (book?.last ?? book?.mid ?? last?.close) : last?.close
  write(byId('big-last'), price(now, shown.decimals))
  const change = now !== undefined && first ? now - first.open : undefined
  const percent = change !== undefined && first && first.open !== 0 ? ` (${signed((100 * change) / first.open, 2)} %)` : ''
  write(byId('big-change'), change === undefined ? '' : `${signed(change, shown.decimals)}${percent}`)
  byId('big-change').className = `change ${change === undefined || change === 0 ? '' : change > 0 ? 'up' : 'down'}`
  write(
    byId('big-quote'),
    isLive && book?.spread !== undefined ? `${price(book.bid, shown.decimals)} × ${price(book.ask, shown.decimals)}` : '',
  )
}

function choose(cid: number): void {
  if (view.shown?.cid === cid && !replay.isOn) return
  place.cid = cid
  table.choose(cid)
  void show(place.window)
}

async function show(window: Window): Promise<void> {
  replay.leave()
  const { cid } = place
  if (cid === undefined) return
  place.window = window
  writeAddress()
  showPressed()
  const contract = await contractOf(cid)
  if (place.cid !== cid) return
  const listed = table.contractOf(cid)
  write(byId('symbol-title'), listed?.symbol ?? contract?.symbol ?? String(cid))
  write(byId('long-name'), contract?.longName ?? contract?.localSymbol ?? '')
  void showMarket(cid)
  const rangeUs = (window.toUs ?? Date.now() * 1_000) - window.fromUs
  const interval = intervalsFor(rangeUs).find(({ name }) => name === place.interval) ?? intervalFor(rangeUs)
  fillIntervals(rangeUs)
  const recorded = drawnTypes(cid)
  const tickTypes = recorded.length > 0 ? recorded : (['bid_ask', 'last'] as const)
  const of = quotesOnly.has(cid) || !tickTypes.includes('last') ? 'mid' : place.of
  byId<HTMLSelectElement>('of').value = of
  await view.show(
    {
      cid,
      interval,
      of,
      trades: 'last',
      tickTypes,
      symbol: listed?.symbol ?? String(cid),
      decimals: decimalsOf(contract?.minTick ?? listed?.minTick),
    },
    window,
  )
}

async function showMarket(cid: number): Promise<void> {
  const badge = byId('market')
  try {
    const { status } = await client.get('/v3/contracts/{cid}/market-status', { path: { cid } })
    badge.dataset.open = String(status === 'open')
    write(badge, status.replaceAll('_', ' '))
    badge.hidden = place.cid !== cid || status === 'unknown'
  } catch {
    badge.hidden = true // IB does not tell
  }
}

/** Back and forward by what is shown; forward never past now. */
function shift(direction: -1 | 1): void {
  const nowUs = Date.now() * 1_000
  const { fromUs, toUs = nowUs } = place.window
  const lengthUs = toUs - fromUs
  const until = toUs + direction * lengthUs
  void show(until >= nowUs ? { fromUs: nowUs - lengthUs, toUs: undefined } : { fromUs: until - lengthUs, toUs: until })
}

function setRange(seconds: number): void {
  place.rangeSeconds = seconds
  const { toUs } = place.window
  void show(toUs === undefined ? lastSeconds(seconds) : { fromUs: toUs - seconds * US_PER_SECOND, toUs })
}

function toggleReplay(): void {
  if (replay.isOn) return replay.end()
  const { shown } = view
  if (shown) replay.start(shown, { fromUs: view.window.fromUs, toUs: view.window.toUs ?? Date.now() * 1_000 })
}

function toggleLayer(layer: Layer): void {
  const button = document.querySelector(`[data-layer="${layer}"]`)
  const isShown = button?.getAttribute('aria-pressed') !== 'true'
  button?.setAttribute('aria-pressed', String(isShown))
  view.setLayer(layer, isShown)
}

async function add(contract: Contract): Promise<void> {
  try {
    await track(contract)
    await refreshList()
    choose(contract.cid)
  } catch (error) {
    write(byId('no-contracts'), explained(error) ?? '')
    byId('no-contracts').hidden = false
  }
}

async function remove({ symbol, tracked }: Listed): Promise<void> {
  if (tracked === undefined || !confirm(`Record ${symbol} no longer? What was recorded stays.`)) return
  try {
    await untrack(tracked)
  } catch (error) {
    write(byId('no-contracts'), explained(error) ?? '')
    byId('no-contracts').hidden = false
  }
  await refreshList()
}

function fillIntervals(rangeUs = place.rangeSeconds * US_PER_SECOND): void {
  const options = [
    { name: 'auto', label: `Auto (${intervalFor(rangeUs).name})` },
    ...intervalsFor(rangeUs).map(({ name }) => ({ name, label: name })),
  ]
  byId<HTMLSelectElement>('interval').replaceChildren(
    ...options.map(({ name, label }) => el('option', { value: name, selected: name === place.interval }, label)),
  )
}

function wireTools(): void {
  byId('ranges').addEventListener('click', ({ target }) => {
    const seconds = Number((target as HTMLElement).dataset.range)
    if (seconds > 0) setRange(seconds)
  })
  byId('back').addEventListener('click', () => shift(-1))
  byId('forward').addEventListener('click', () => shift(1))
  byId('live').addEventListener('click', () => void show(lastSeconds(place.rangeSeconds)))
  byId('replay-button').addEventListener('click', toggleReplay)
  byId('theme-button').addEventListener('click', nextTheme)
  byId('help-button').addEventListener('click', () => byId<HTMLDialogElement>('help-dialog').showModal())
  byId('key-button').addEventListener('click', () => askForKey(''))
  for (const button of document.querySelectorAll<HTMLElement>('[data-layer]'))
    button.addEventListener('click', () => toggleLayer(button.dataset.layer as Layer))
  byId<HTMLSelectElement>('interval').addEventListener('change', ({ target }) => {
    place.interval = (target as HTMLSelectElement).value
    void show(place.window)
  })
  byId<HTMLSelectElement>('of').addEventListener('change', ({ target }) => {
    place.of = (target as HTMLSelectElement).value === 'mid' ? 'mid' : 'trades'
    quotesOnly.clear()
    void show(place.window)
  })
  byId('range-form').addEventListener('submit', pickRange)
  byId<HTMLDetailsElement>('picker').addEventListener('toggle', fillRange)
  view.chart.api.subscribeCrosshairMove(({ time }) => drawLegend(time === undefined ? undefined : Number(time)))
  view.onNoTrades = () => {
    if (place.cid !== undefined) quotesOnly.add(place.cid)
    void show(place.window)
  }
  view.onDrawn = () => drawLegend(undefined)
  bindKeys({
    '/': () => search.focus(),
    '[': () => shift(-1),
    ']': () => shift(1),
    l: () => byId('live').click(),
    r: toggleReplay,
    t: nextTheme,
    '?': () => byId<HTMLDialogElement>('help-dialog').showModal(),
    ' ': () => replay.isOn && replay.toggle(),
    ArrowDown: () => table.step(1),
    ArrowUp: () => table.step(-1),
    ...Object.fromEntries([900, 3_600, 14_400, 86_400, 604_800].map((seconds, i) => [String(i + 1), () => setRange(seconds)])),
    ...Object.fromEntries(Object.entries(LAYER_KEYS).map(([key, layer]) => [key, () => toggleLayer(layer)])),
  })
}

const inputTime = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 19)

function fillRange(): void {
  byId<HTMLInputElement>('range-from').value = inputTime(place.window.fromUs)
  byId<HTMLInputElement>('range-to').value = inputTime(place.window.toUs ?? Date.now() * 1_000)
}

function pickRange(event: Event): void {
  event.preventDefault()
  const [from, to] = ['range-from', 'range-to'].map((id) => Date.parse(`${byId<HTMLInputElement>(id).value}Z`) * 1_000)
  const isGood = from !== undefined && to !== undefined && from < to
  write(byId('range-problem'), isGood ? '' : 'The beginning has to lie before the end.')
  if (!isGood) return
  byId<HTMLDetailsElement>('picker').open = false
  void show({ fromUs: from, toUs: to })
}

function showPressed(): void {
  const { fromUs, toUs } = place.window
  const seconds = Math.round(((toUs ?? Date.now() * 1_000) - fromUs) / US_PER_SECOND)
  for (const button of document.querySelectorAll<HTMLElement>('[data-range]'))
    button.setAttribute('aria-pressed', String(Math.abs(Number(button.dataset.range) - seconds) <= 2))
  byId('live').setAttribute('aria-pressed', String(toUs === undefined))
  byId<HTMLButtonElement>('forward').disabled = toUs === undefined
}

function drawLegend(time: number | undefined): void {
  const { shown, chart } = view
  const bar = shown && (chart.barAt(time as never) ?? chart.bars.at(-1))
  if (!bar) return byId('legend').replaceChildren()
  const volume: [string, string][] = [
    ['Vol', short(bar.volume)],
    ...(bar.delta === undefined ? [] : [['Δ', signed(bar.delta, 0)] as [string, string]]),
  ]
  byId('legend').replaceChildren(
    ...[...barWords(bar, shown.decimals), ...volume].flatMap(([name, value]) => [`${name} `, el('b', {}, value), '  ']),
  )
  byId('chart').setAttribute(
    'aria-label',
    `${shown.symbol}, ${chart.bars.length} bars of ${shown.interval.name}, last ${bar.close.toFixed(shown.decimals)}`,
  )
}

/** #cid=265598&range=3600 or &from=…&to=… (µs). */
function writeAddress(): void {
  const { cid, rangeSeconds, window } = place
  const where: Record<string, string> =
    window.toUs === undefined ? { range: String(rangeSeconds) } : { from: String(window.fromUs), to: String(window.toUs) }
  history.replaceState(null, '', `#${new URLSearchParams({ cid: String(cid), ...where })}`)
}

function readAddress(): void {
  const given = new URLSearchParams(location.hash.slice(1))
  const number = (name: string) => (/^\d{1,16}$/.test(given.get(name) ?? '') ? Number(given.get(name)) : undefined)
  place.cid = number('cid')
  place.rangeSeconds = number('range') || DEFAULT_RANGE_SECONDS
  const [from, to] = [number('from'), number('to')]
  place.window = from !== undefined && to !== undefined && from < to ? { fromUs: from, toUs: to } : lastSeconds(place.rangeSeconds)
}
