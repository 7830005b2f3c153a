import { usFromMs } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { restartWindow } from '../../src/connection/restart-window.ts'

describe('restartWindow', () => {
  const at = (iso: string) => usFromMs(Date.parse(iso))

  it('opens two minutes before the restart and closes a quarter of an hour after it, in the zone of the gateway', () => {
    const near = restartWindow({ minuteOfDay: 23 * 60 + 45, zone: 'America/New_York' })
    expect(['03:42', '03:43', '03:59', '04:00'].map((time) => near(at(`2025-07-30T${time}:30Z`)))).toEqual([false, true, true, false])
    expect(near(at('2025-12-30T04:46:00Z'))).toBe(true) // an hour later in winter
  })

  it('goes over midnight', () => {
    const near = restartWindow({ minuteOfDay: 23 * 60 + 55, zone: 'UTC' })
    expect([near(at('2025-07-30T00:09:00Z')), near(at('2025-07-30T00:10:00Z'))]).toEqual([true, false])
    expect(restartWindow({ minuteOfDay: 0, zone: 'UTC' })(at('2025-07-30T23:58:30Z'))).toBe(true)
  })
})
