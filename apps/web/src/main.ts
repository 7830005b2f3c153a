import { contractOf } from './contracts.ts'
import { byId, write } from './dom.ts'
import { clockTime, decimalsOf } from './format.ts'
import { drawLegend, drawQuote, showMarket } from './headline.ts'
import { watchHealth } from './health.ts'
import { hashOf, placeOf, shifted } from './place.ts'
import { intervalFor, intervalsFor } from './ranges.ts'
import { ReplayBar } from './replay-bar.ts'
import { SymbolSearch } from './search.ts'
import { endOf, lastSeconds, nowUs, type Window } from './shown.ts'
import { applyTheme } from './theme.ts'
import { showTools, wireTools } from './toolbar.ts'
import { View } from './view.ts'
import { WatchList } from './watch-list.ts'

const US_PER_SECOND = 1_000_000
const DRAW_EVERY_MS = 250

applyTheme()
const place = placeOf(location.hash)
const view = new View()
const replay = new ReplayBar(view, () => void show(place.window))
const list = new WatchList({ onChoose: choose, onListed: chooseFirst })
const search = new SymbolSearch((contract) => void list.add(contract))
/** Contracts whose trades IB does not give. */
const quotesOnly = new Set<number>()

showTools(place, place.of)
wireTools({
  setRange,
  shift: (direction) => void show(shifted(place.window, direction, nowUs())),
  goLive: () => void show(lastSeconds(place.rangeSeconds)),
  show: (window) => void show(window),
  setInterval: (name) => {
    place.interval = name
    showAgain()
  },
  setOf: (of) => {
    place.of = of
    quotesOnly.clear()
    showAgain()
  },
  setLayer: (layer, isShown) => view.setLayer(layer, isShown),
  toggleReplay,
  pause: () => replay.isOn && replay.toggle(),
  search: () => search.focus(),
  step: (steps) => list.table.step(steps),
  window: () => place.window,
})
view.chart.api.subscribeCrosshairMove(({ time }) => drawLegend(view, time === undefined ? undefined : Number(time)))
view.onDrawn = () => drawLegend(view, undefined)
view.onNoTrades = () => {
  if (place.cid !== undefined) quotesOnly.add(place.cid)
  void show(place.window)
}
watchHealth()
setInterval(drawNow, DRAW_EVERY_MS)
// for tests and for the curious
Object.assign(globalThis, { ibStreamPage: { chart: () => view.chart.drawn(), quotes: () => view.quotes.chart.drawn(), place } })

function drawNow(): void {
  list.table.draw(Date.now())
  write(byId('clock'), `${clockTime(nowUs())} UTC`)
  drawQuote(view, view.shown && list.table.bookOf(view.shown.cid))
}

/** What the address names, else the first of the list, where nothing is shown yet. */
function chooseFirst(first: number | undefined): void {
  const cid = place.cid ?? first
  if (cid === undefined) return
  if (view.shown === undefined) choose(cid)
  else list.table.choose(cid) // a range or bar length may have been chosen before there was a list
}

function choose(cid: number): void {
  if (view.shown?.cid === cid && !replay.isOn) return
  place.cid = cid
  list.table.choose(cid)
  void show(place.window)
}

/** The same in another way; what is live ends now, not when it was chosen. */
function showAgain(): void {
  void show(place.window.toUs === undefined ? lastSeconds(place.rangeSeconds) : place.window)
}

async function show(window: Window): Promise<void> {
  replay.leave()
  const { cid } = place
  if (cid === undefined) return
  place.window = window
  history.replaceState(null, '', hashOf(place))
  const recorded = list.drawnTypes(cid)
  const tickTypes = recorded.length > 0 ? recorded : (['bid_ask', 'last'] as const)
  const of = quotesOnly.has(cid) || !tickTypes.includes('last') ? 'mid' : place.of
  showTools(place, of)
  const contract = await contractOf(cid)
  if (place.cid !== cid || place.window !== window) return
  const listed = list.table.contractOf(cid)
  write(byId('symbol-title'), listed?.symbol ?? contract?.symbol ?? String(cid))
  write(byId('long-name'), contract?.longName ?? contract?.localSymbol ?? '')
  void showMarket(cid, () => place.cid === cid)
  const rangeUs = endOf(window) - window.fromUs
  const interval = intervalsFor(rangeUs).find(({ name }) => name === place.interval) ?? intervalFor(rangeUs)
  const decimals = decimalsOf(contract?.minTick ?? listed?.minTick)
  await view.show({ cid, interval, of, trades: 'last', tickTypes, symbol: listed?.symbol ?? String(cid), decimals }, window)
}

function setRange(seconds: number): void {
  place.rangeSeconds = seconds
  const { toUs } = place.window
  void show(toUs === undefined ? lastSeconds(seconds) : { fromUs: toUs - seconds * US_PER_SECOND, toUs })
}

function toggleReplay(): void {
  if (replay.isOn) return replay.end()
  const { shown, window } = view
  if (shown) replay.start(shown, { fromUs: window.fromUs, toUs: endOf(window) })
}
