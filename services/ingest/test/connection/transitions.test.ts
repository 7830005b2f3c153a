import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ROOT } from '../../../../test/support/program.ts'
import { CONNECTION_EVENTS, CONNECTION_STATES, isOnTheWay, isWhole, TRANSITIONS, takesRequests } from '../../src/connection/transitions.ts'
import { transitionsTable } from '../../src/connection/transitions-table.ts'

describe('TRANSITIONS', () => {
  it('leads from every state to a new attempt, and from every state to the stop', () => {
    for (const state of CONNECTION_STATES) {
      if (state === 'stopped') continue
      expect(TRANSITIONS[state].stop).toBe('stopped')
      expect(reachable(state)).toContain('connecting')
    }
  })

  it('becomes ready only by the gateway taking requests, by its own word that IB is back, or by hearing again', () => {
    const ways = CONNECTION_STATES.flatMap((from) =>
      CONNECTION_EVENTS.filter((event) => TRANSITIONS[from][event] === 'ready').map((event) => `${from} ${event}`),
    )
    expect(ways.sort()).toEqual(
      ['competing flowing', 'degraded backKept', 'handshaking sessionReady', 'mute backKept', 'mute flowing', 'mute heard'].sort(),
    )
  })

  it('knows for each state whether requests are taken, an attempt is under way, or certainty holds', () => {
    expect(CONNECTION_STATES.filter(takesRequests)).toEqual(['ready', 'degraded', 'mute', 'competing'])
    expect(CONNECTION_STATES.filter(isOnTheWay)).toEqual(['connecting', 'handshaking', 'handshaking_cut'])
    expect(CONNECTION_STATES.filter(isWhole)).toEqual(['ready'])
  })

  it('is drawn in docs/architecture/gateway-connection.md as it is here', () => {
    expect(readFileSync(join(ROOT, 'docs/architecture/gateway-connection.md'), 'utf8')).toContain(transitionsTable())
  })
})

function reachable(from: keyof typeof TRANSITIONS): Set<string> {
  const seen = new Set<string>([from])
  for (const state of seen)
    for (const next of Object.values(TRANSITIONS[state as typeof from])) if (typeof next === 'string') seen.add(next)
  return seen
}
