import { msFromUs } from '@ib-stream/model'

const MINUTES_PER_DAY = 24 * 60
/** The gateway goes at the minute that is set, and takes about four to come back. */
const BEFORE_MINUTES = 2
const AFTER_MINUTES = 15

/** Tells whether a moment (µs UTC) lies near the gateway's daily restart, given as minute of the day in its zone. */
export function restartWindow({ minuteOfDay, zone }: { minuteOfDay: number; zone: string }): (us: number) => boolean {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  return (us) => {
    const [hours = '0', minutes = '0'] = format.format(msFromUs(us)).split(':')
    const since = (Number(hours) * 60 + Number(minutes) - minuteOfDay + BEFORE_MINUTES + MINUTES_PER_DAY) % MINUTES_PER_DAY
    return since < BEFORE_MINUTES + AFTER_MINUTES
  }
}
