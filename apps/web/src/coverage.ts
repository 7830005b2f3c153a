import type { Coverage, Schedule } from '@ib-stream/client'
import { byId } from './dom.ts'
import { dateTime, length } from './format.ts'
import type { Span } from './history.ts'
import { client, explained } from './session.ts'

const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 1_000
const HEIGHT = 14
/** So much is seen of the shortest gap. */
const LEAST_WIDTH = 2

const US_PER_DAY = 86_400_000_000
/** Of a longer range the sessions of its last days are shown. */
const MOST_DAYS = 366

type OfType = NonNullable<Coverage['tick_types']['bid_ask']>

const usOf = (iso: string): number => Date.parse(iso) * 1_000

/** Shows when a contract was recorded, when its market was open, and where ticks may be missing and why. */
export async function showCoverage(cid: number, span: Span, signal: AbortSignal): Promise<void> {
  const range = { start_time: String(span.fromUs), end_time: String(span.toUs), hours: 'always' as const }
  try {
    const [coverage, schedule] = await Promise.all([
      client.get('/v3/coverage/{cid}', { path: { cid }, query: range, signal }),
      client.get('/v3/contracts/{cid}/schedule', { path: { cid }, query: datesOf(span), signal }).catch(() => undefined), // IB does not tell
    ])
    if (!signal.aborted) draw(span, coverage, schedule)
  } catch (error) {
    if (!signal.aborted) say(explained(error) ?? '')
  }
}

/** The trading dates that may have a session in it: one begins up to a day before its date, and dates are those of any zone. */
function datesOf({ fromUs, toUs }: Span): { from: string; days: number } {
  const last = Math.floor(toUs / US_PER_DAY) + 1
  const first = Math.max(Math.floor(fromUs / US_PER_DAY) - 1, last - MOST_DAYS + 1)
  return { from: new Date((first * US_PER_DAY) / 1_000).toISOString().slice(0, 10), days: last - first + 1 }
}

function draw({ fromUs, toUs }: Span, coverage: Coverage, schedule: Schedule | undefined): void {
  const types = Object.entries(coverage.tick_types) as [string, OfType][]
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('role', 'img')
  const put = (kind: string, from: string, to: string, row: { y: number; height: number }, says?: string) => {
    const x = Math.max(0, ((usOf(from) - fromUs) / (toUs - fromUs)) * WIDTH)
    const end = Math.min(WIDTH, ((usOf(to) - fromUs) / (toUs - fromUs)) * WIDTH)
    if (end <= 0 || x >= WIDTH) return
    const rect = document.createElementNS(SVG, 'rect')
    const width = Math.max(kind === 'gap' || kind === 'filled' ? LEAST_WIDTH : 0, end - x)
    for (const [name, value] of Object.entries({ class: kind, x, width, ...row })) rect.setAttribute(name, String(value))
    if (says !== undefined) {
      const title = document.createElementNS(SVG, 'title')
      title.textContent = says
      rect.append(title)
    }
    svg.append(rect)
  }
  for (const { full } of schedule?.days ?? []) for (const { start, end } of full) put('session', start, end, { y: 0, height: HEIGHT })
  const height = types.length > 0 ? (HEIGHT - 2) / types.length : 0
  for (const [i, [name, ofType]] of types.entries()) {
    const row = { y: 1 + i * height, height: Math.max(1, height - 1) }
    for (const { from, to } of ofType.recorded) put('recorded', from, to, row)
    for (const gap of ofType.gaps) put(gap.filled === 'filled' ? 'filled' : 'gap', gap.from, gap.to, row, wordsOf(name, gap))
  }
  svg.setAttribute('aria-label', `Recorded ${share(types)}; ${count(types)}`)
  byId('strip').replaceChildren(svg)
  byId('strip-share').textContent = share(types)
  byId('strip-note').textContent = note(types)
}

function share(types: readonly [string, OfType][]): string {
  const shares = types.flatMap(([, { percent }]) => (percent === null ? [] : [percent]))
  return shares.length === 0 ? '–' : `${Math.min(...shares).toFixed(2)} %`
}

function count(types: readonly [string, OfType][]): string {
  const gaps = types.flatMap(([, ofType]) => ofType.gaps)
  if (types.length === 0) return 'never recorded'
  return gaps.length === 0 ? 'no gaps' : `${gaps.length} ${gaps.length === 1 ? 'gap' : 'gaps'}`
}

/** The newest gap in words, and how many there are. */
function note(types: readonly [string, OfType][]): string {
  const newest = types
    .flatMap(([name, { gaps }]) => gaps.map((gap) => ({ name, gap })))
    .sort((a, b) => (a.gap.from < b.gap.from ? 1 : -1))[0]
  return newest ? `${count(types)}; the newest: ${wordsOf(newest.name, newest.gap)}` : count(types)
}

function wordsOf(name: string, { from, seconds, cause, reason, is_open: isOpen, filled }: OfType['gaps'][number]): string {
  const how = isOpen ? 'still open' : `${length(seconds)} long`
  const mended = filled === 'filled' ? ', filled from IB’s history' : filled === 'partly' ? ', partly filled' : ''
  return `${name} ${dateTime(usOf(from))}, ${how}: ${cause.replaceAll('_', ' ')}${reason ? ` (${reason})` : ''}${mended}`
}

/** Nothing is known, and why. */
function say(why: string): void {
  byId('strip').replaceChildren()
  byId('strip-share').textContent = ''
  byId('strip-note').textContent = why
}
