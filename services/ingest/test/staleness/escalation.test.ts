import { describe, expect, it } from '@jest/globals'
import { Escalation } from '../../src/staleness/escalation.ts'

const MINUTE_MS = 60_000

describe('Escalation', () => {
  it('restarts, resets, alerts, and goes on without end at intervals that double up to half an hour', () => {
    const escalation = new Escalation()
    const seen: string[] = []
    for (let nowMs = 0; nowMs < 6 * 60 * MINUTE_MS; nowMs += 1_000) {
      const remedy = escalation.due(nowMs)
      if (!remedy) continue
      escalation.tried(remedy, { nowMs, allowedMs: MINUTE_MS })
      seen.push(`${Math.floor(nowMs / MINUTE_MS)} ${remedy}`)
    }
    expect(seen.slice(0, 8)).toEqual([
      '0 restart_stream',
      '1 reset_connection',
      '2 alert',
      '2 restart_stream',
      '6 reset_connection',
      '14 restart_stream',
      '30 reset_connection',
      '60 restart_stream',
    ])
    expect(seen.length).toBe(17)
    expect(escalation.isAlerted).toBe(true)
  })

  it('begins anew after a tick', () => {
    const escalation = new Escalation()
    escalation.tried('restart_stream', { nowMs: 0, allowedMs: 0 })
    escalation.end()
    expect([escalation.step, escalation.due(1)]).toEqual([0, 'restart_stream'])
  })

  it('takes a reset for the sake of another stream as its own', () => {
    const escalation = new Escalation()
    escalation.tried('restart_stream', { nowMs: 0, allowedMs: 0 })
    escalation.tried('reset_connection', { nowMs: 30_000, allowedMs: 0 })
    expect([escalation.due(60_000), escalation.due(90_000)]).toEqual([undefined, 'alert'])
  })
})
