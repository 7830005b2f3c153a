import type { Book } from './book.ts'
import { byId, el, write } from './dom.ts'
import { price, short, signed } from './format.ts'
import { barWords } from './price-chart.ts'
import { client } from './session.ts'
import type { View } from './view.ts'

/** Price, its change since the left edge, and the quote, above the chart. */
export function drawQuote({ shown, chart, window }: View, book: Book | undefined): void {
  if (!shown) return
  const [first, last] = [chart.bars[0], chart.bars.at(-1)]
  const isLive = window.toUs === undefined
  const now = isLive ? (book?.last ?? book?.mid ?? last?.close) : last?.close
  const change = now !== undefined && first ? now - first.open : undefined
  const percent = change !== undefined && first && first.open !== 0 ? ` (${signed((100 * change) / first.open, 2)} %)` : ''
  const hasQuote = isLive && book?.spread !== undefined
  write(byId('big-last'), price(now, shown.decimals))
  write(byId('big-change'), change === undefined ? '' : `${signed(change, shown.decimals)}${percent}`)
  byId('big-change').className = `change ${change === undefined || change === 0 ? '' : change > 0 ? 'up' : 'down'}`
  write(byId('big-quote'), hasQuote ? `${price(book?.bid, shown.decimals)} × ${price(book?.ask, shown.decimals)}` : '')
}

/** Whether its market is open. @param isStill says whether it is still the contract that is shown */
export async function showMarket(cid: number, isStill: () => boolean): Promise<void> {
  const badge = byId('market')
  try {
    const { status } = await client.get('/v3/contracts/{cid}/market-status', { path: { cid } })
    badge.dataset.open = String(status === 'open')
    write(badge, status.replaceAll('_', ' '))
    badge.hidden = !isStill() || status === 'unknown'
  } catch {
    badge.hidden = true // IB does not tell
  }
}

/** The bar at a moment (s), else the last one, in words. */
export function drawLegend({ shown, chart }: View, time: number | undefined): void {
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
