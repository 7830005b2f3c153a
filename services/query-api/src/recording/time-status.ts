import { type ClockHealth, US_PER_SECOND } from '@ib-stream/model'

export const TIME_WORDS = ['healthy', 'warning', 'critical', 'unknown'] as const

/** From here on a clock is plainly wrong, and not just not looked after. */
const CRITICAL_US = 5 * US_PER_SECOND

/** The clocks in a word. */
export function timeStatusOf({ state, offsetUs, streams }: ClockHealth): (typeof TIME_WORDS)[number] {
  if (state === 'unknown') return 'unknown'
  if (state === 'differs' && Math.abs(offsetUs) >= CRITICAL_US) return 'critical'
  return state === 'differs' || streams.some(({ isOff }) => isOff) ? 'warning' : 'healthy'
}
