import { checkTick, isoFromUs, type TickMessage } from '@ib-stream/model'

/** A tick's JSON as a line for people; what is no tick is shown as it came. */
export function humanLine(json: string): string {
  const check = checkTick(parsed(json))
  return check.ok ? `${timeOf(check.tick)}  ${textOf(check.tick)}` : json
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined // shown as it came
  }
}

/** Of our own stamp, UTC, to the millisecond: IB's has whole seconds only. */
const timeOf = ({ st }: TickMessage): string => `${isoFromUs(st).slice(11, 23)}Z`

function textOf(tick: TickMessage): string {
  switch (tick.tt) {
    case 'bid_ask':
      return `bid ${side(tick.bp, tick.bs)}  ask ${side(tick.ap, tick.as)}${mark(tick.bpl, 'past low')}${mark(tick.aph, 'past high')}`
    case 'mid_point':
      return `mid ${tick.mp}`
    default:
      return `${tick.tt} ${side(tick.p, tick.s)}  ${tick.ex ?? ''}${mark(tick.upt, 'unreported')}${mark(tick.pl, 'past limit')}`.trimEnd()
  }
}

const side = (price: number | undefined, size: number | undefined): string => `${price ?? '-'} x ${size ?? '-'}`
const mark = (flag: true | undefined, words: string): string => (flag ? ` (${words})` : '')
