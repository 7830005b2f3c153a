import { type TimeZone, timeZone } from '@ib-stream/calendar'
import { checkTick, type TickMessage } from '@ib-stream/model'
import type { Output, Style } from './output.ts'
import { localText } from './units-text.ts'

/** How ticks are shown to people. */
export interface TickLines {
  zone?: TimeZone
  /** With the day, as history needs it. */
  withDay?: boolean
  out?: Output
}

const UTC = timeZone('UTC')
const COLOURS: Readonly<Record<TickMessage['tt'], Style>> = { bid_ask: 'cyan', last: 'yellow', all_last: 'yellow', mid_point: 'magenta' }

/** A tick as a line for people; what is no tick is shown as JSON. */
export function tickLine(value: unknown, { zone = UTC, withDay = false, out }: TickLines = {}): string {
  const check = checkTick(value)
  if (!check.ok) return JSON.stringify(value)
  const { tick } = check
  const text = textOf(tick)
  return `${timeOf(tick, zone).slice(withDay ? 0 : 11)}  ${out ? out.paint(COLOURS[tick.tt], text) : text}`
}

/** Of our own stamp, to the millisecond: IB's has whole seconds only. A tick that was filled in later has only that. */
const timeOf = ({ st, ts, bf }: TickMessage, zone: TimeZone): string => `${localText(bf ? ts : st, zone, 3)}${zone === UTC ? 'Z' : ''}`

function textOf(tick: TickMessage): string {
  const filled = mark(tick.bf, 'backfilled')
  switch (tick.tt) {
    case 'bid_ask':
      return `bid ${side(tick.bp, tick.bs)}  ask ${side(tick.ap, tick.as)}${mark(tick.bpl, 'past low')}${mark(tick.aph, 'past high')}${filled}`
    case 'mid_point':
      return `mid ${tick.mp}${filled}`
    default:
      return `${tick.tt} ${side(tick.p, tick.s)}  ${tick.ex ?? ''}${mark(tick.upt, 'unreported')}${mark(tick.pl, 'past limit')}${filled}`.trimEnd()
  }
}

const side = (price: number | undefined, size: number | undefined): string => `${price ?? '-'} x ${size ?? '-'}`
const mark = (flag: true | undefined, words: string): string => (flag ? ` (${words})` : '')
