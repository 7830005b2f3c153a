import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../src/config.ts'
import { parseRetention } from '../src/retention-setting.ts'

const DAY_US = 86_400_000_000

describe('parseRetention', () => {
  it('reads age and share of each backend', () => {
    expect(parseRetention('json:7d;20%,pb:90d')).toEqual({
      json: { maxAgeUs: 7 * DAY_US, maxDiskShare: 0.2 },
      pb: { maxAgeUs: 90 * DAY_US },
    })
    expect(parseRetention(' json : 7d')).toBeUndefined()
    expect(parseRetention(' json:36h, pb:2.5% ')).toEqual({ json: { maxAgeUs: 1.5 * DAY_US }, pb: { maxDiskShare: 0.025 } })
  })

  it.each([
    '',
    'json',
    'json:',
    'json:0d',
    'json:7',
    'json:7w',
    'json:101%',
    'json:0%',
    'csv:7d',
    'json:7d,json:8d',
    'json:7d;8d',
    'json:7d,',
    'parquet:7d',
    'all,json:7d',
  ])('refuses %j', (text) => {
    expect(parseRetention(text)).toBeUndefined()
  })

  it('is a setting: unset keeps all unless there is an archive, a wrong one is named with its form', () => {
    expect(loadConfig({ IB_STREAM_BACKENDS: 'json,pb' }).retention).toEqual({})
    expect(loadConfig({}).retention).toEqual(parseRetention('json:7d;20%,pb:28d;30%'))
    expect(loadConfig({ IB_STREAM_RETENTION: 'all' }).retention).toEqual({})
    expect(loadConfig({ IB_STREAM_RETENTION: 'json:30d' }).retention).toEqual({ json: { maxAgeUs: 30 * DAY_US } })
    expect(() => loadConfig({ IB_STREAM_RETENTION: '30d' })).toThrow('IB_STREAM_RETENTION=30d: all, or backend:age;share')
  })
})
