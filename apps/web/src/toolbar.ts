import { byId, el } from './dom.ts'
import { bindKeys } from './keys.ts'
import type { Place } from './place.ts'
import type { Layer } from './price-chart.ts'
import { wireRangePicker } from './range-picker.ts'
import { intervalFor, intervalsFor } from './ranges.ts'
import { askForKey } from './session.ts'
import { endOf, type Window } from './shown.ts'
import { nextTheme } from './theme.ts'

const US_PER_SECOND = 1_000_000
/** Keys 1 to 5. */
const RANGES_SECONDS = [900, 3_600, 14_400, 86_400, 604_800]
const LAYER_KEYS: Readonly<Record<string, Layer>> = { v: 'vwap', b: 'bollinger', x: 'trades', d: 'delta' }

/** What the buttons and keys do. */
export interface Tools {
  setRange(seconds: number): void
  shift(direction: -1 | 1): void
  goLive(): void
  show(window: Window): void
  setInterval(name: string): void
  setOf(of: 'trades' | 'mid'): void
  setLayer(layer: Layer, isShown: boolean): void
  toggleReplay(): void
  /** Pauses a replay, or goes on with it. */
  pause(): void
  search(): void
  step(steps: 1 | -1): void
  window(): Window
}

export function wireTools(tools: Tools): void {
  byId('ranges').addEventListener('click', ({ target }) => {
    const seconds = Number((target as HTMLElement).dataset.range)
    if (seconds > 0) tools.setRange(seconds)
  })
  const toggleLayer = (layer: Layer) => {
    const button = document.querySelector(`[data-layer="${layer}"]`)
    const isShown = button?.getAttribute('aria-pressed') !== 'true'
    button?.setAttribute('aria-pressed', String(isShown))
    tools.setLayer(layer, isShown)
  }
  const help = () => byId<HTMLDialogElement>('help-dialog').showModal()
  byId('back').addEventListener('click', () => tools.shift(-1))
  byId('forward').addEventListener('click', () => tools.shift(1))
  byId('live').addEventListener('click', () => tools.goLive())
  byId('replay-button').addEventListener('click', () => tools.toggleReplay())
  byId('theme-button').addEventListener('click', nextTheme)
  byId('help-button').addEventListener('click', help)
  byId('key-button').addEventListener('click', () => askForKey(''))
  for (const button of document.querySelectorAll<HTMLElement>('[data-layer]'))
    button.addEventListener('click', () => toggleLayer(button.dataset.layer as Layer))
  byId<HTMLSelectElement>('interval').addEventListener('change', ({ target }) => tools.setInterval((target as HTMLSelectElement).value))
  byId<HTMLSelectElement>('of').addEventListener('change', ({ target }) =>
    tools.setOf((target as HTMLSelectElement).value === 'mid' ? 'mid' : 'trades'),
  )
  wireRangePicker({ window: () => tools.window(), onPick: (window) => tools.show(window) })
  bindKeys({
    '/': () => tools.search(),
    '[': () => tools.shift(-1),
    ']': () => tools.shift(1),
    l: () => tools.goLive(),
    r: () => tools.toggleReplay(),
    t: nextTheme,
    '?': help,
    ' ': () => tools.pause(),
    ArrowDown: () => tools.step(1),
    ArrowUp: () => tools.step(-1),
    ...Object.fromEntries(RANGES_SECONDS.map((seconds, i) => [String(i + 1), () => tools.setRange(seconds)])),
    ...Object.fromEntries(Object.entries(LAYER_KEYS).map(([key, layer]) => [key, () => toggleLayer(layer)])),
  })
}

/** Shows what is chosen. @param of what the bars are really of, where IB does not give trades */
export function showTools({ window, interval }: Place, of: 'trades' | 'mid'): void {
  const rangeUs = endOf(window) - window.fromUs
  for (const button of document.querySelectorAll<HTMLElement>('[data-range]'))
    button.setAttribute('aria-pressed', String(Math.abs(Number(button.dataset.range) - rangeUs / US_PER_SECOND) <= 2))
  byId('live').setAttribute('aria-pressed', String(window.toUs === undefined))
  byId<HTMLButtonElement>('forward').disabled = window.toUs === undefined
  byId<HTMLSelectElement>('of').value = of
  const options = [
    { name: 'auto', label: `Auto (${intervalFor(rangeUs).name})` },
    ...intervalsFor(rangeUs).map(({ name }) => ({ name, label: name })),
  ]
  byId<HTMLSelectElement>('interval').replaceChildren(
    ...options.map(({ name, label }) => el('option', { value: name, selected: name === interval }, label)),
  )
}
