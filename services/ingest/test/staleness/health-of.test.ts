import { overallHealth } from '@ib-stream/model'
import { describe, expect, it } from '@jest/globals'
import { type Findings, healthOf } from '../../src/staleness/health-of.ts'

const NOW_US = 1_764_000_000_000_000
const flowing: Findings = {
  stream: { state: 'subscribed' },
  isWhole: true,
  market: 'open',
  silentMs: 200,
  allowedMs: 60_000,
  heardMs: 200,
  step: 0,
  gap: undefined,
  nowUs: NOW_US,
}
const silent: Findings = { ...flowing, silentMs: 200_000, heardMs: 200_000 }
const gapSince = (seconds: number) =>
  ({ fromUs: NOW_US - seconds * 1_000_000, cause: 'disconnected', reason: 'the gateway closed the connection' }) as const

describe('healthOf', () => {
  it.each<[string, Findings, string]>([
    ['ticks come', flowing, 'healthy'],
    ['ticks come while the market is said to be closed', { ...flowing, market: 'closed' }, 'healthy'],
    ['it is quiet, for as long as it often is', { ...silent, allowedMs: 300_000 }, 'healthy'],
    ['it is silent for longer than it ever is', silent, 'degraded'],
    ['it was asked for anew', { ...silent, step: 1 }, 'degraded'],
    ['the connection was reset for it', { ...silent, step: 2 }, 'unhealthy'],
    ['its market is closed', { ...silent, market: 'closed', silentMs: undefined, allowedMs: undefined }, 'off_hours'],
    ['its market is closed and the gateway is away', { ...silent, isWhole: false, market: 'closed', gap: gapSince(600) }, 'off_hours'],
    ['nobody knows whether its market is open', { ...silent, market: 'unknown', silentMs: undefined, allowedMs: undefined }, 'unknown'],
    ['the gateway went away just now', { ...flowing, isWhole: false, gap: gapSince(5) }, 'degraded'],
    ['the gateway is away for minutes', { ...silent, isWhole: false, gap: gapSince(300) }, 'unhealthy'],
    ['IB refuses it', { ...flowing, stream: { state: 'refused', reason: 'no permission' } }, 'unhealthy'],
    ['no line is left', { ...flowing, market: 'closed', stream: { state: 'no_line' } }, 'unhealthy'],
    ['it is being asked for', { ...silent, heardMs: undefined, stream: { state: 'waiting' } }, 'degraded'],
  ])('while %s', (_, findings, word) => {
    const { health, reason } = healthOf(findings)
    expect(health).toBe(word)
    expect(reason === undefined).toBe(word === 'healthy')
  })
})

describe('overallHealth', () => {
  it.each([
    [['healthy', 'healthy'], 'healthy'],
    [['healthy', 'off_hours'], 'healthy'],
    [['healthy', 'degraded'], 'degraded'],
    [['healthy', 'unhealthy'], 'degraded'],
    [['unhealthy', 'off_hours'], 'unhealthy'],
    [['off_hours', 'off_hours'], 'off_hours'],
    [['unknown', 'off_hours'], 'unknown'],
    [[], 'unknown'],
  ] as const)('is of %j %s', (words, word) => {
    expect(overallHealth(words)).toBe(word)
  })
})
