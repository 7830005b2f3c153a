import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../src/config.ts'
import type { SETTINGS } from '../src/settings.ts'

const problemsOf = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    return (error as { facts: { problems: string[] } }).facts.problems
  }
  return []
}

describe('loadConfig', () => {
  it('without IB_HOST is the simulator, in a folder of its own, with two contracts', () => {
    const config = loadConfig({})
    expect(config.source).toBe('simulator')
    expect(config.dataDir).toBe(resolve('data-sim'))
    expect(config.gateway).toMatchObject({
      host: '127.0.0.1',
      ports: [4002],
      clientId: 851,
      connectTimeoutMs: 15_000,
      lines: 5,
      requestGuardMs: 16_000,
    })
    expect(config.tracked.map(({ name, tickTypes }) => [name, tickTypes])).toEqual([
      ['711280073', ['bid_ask', 'last']],
      ['265598', ['bid_ask', 'last']],
    ])
  })

  it('with IB_HOST is the gateway, tracks what is named, and nothing of its own', () => {
    const config = loadConfig({ IB_HOST: 'tws', IB_PORTS: '7497, 7496' })
    expect(config).toMatchObject({
      source: 'gateway',
      tracked: [],
      dataDir: resolve('data'),
      gateway: { host: 'tws', ports: [7497, 7496] },
    })
  })

  it('takes an empty variable as unset, and 0 as a value', () => {
    expect(loadConfig({ IB_HOST: '', IB_CLIENT_ID: '0' })).toMatchObject({ source: 'simulator', gateway: { clientId: 0 } })
  })

  it('reads durations with their unit, and refuses one without', () => {
    expect(loadConfig({}).logKeepMs).toBe(86_400_000)
    expect(loadConfig({ IB_STREAM_LOG_KEEP: '90m' }).logKeepMs).toBe(5_400_000)
    expect(loadConfig({ IB_STREAM_LOG_KEEP: '0s' }).logKeepMs).toBe(0)
    expect(problemsOf({ IB_STREAM_LOG_KEEP: '24' })).toEqual(['IB_STREAM_LOG_KEEP=24: a whole number and s, m, h or d, e.g. 24h'])
  })

  it('is frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true)
  })

  it('names every wrong setting at once, with value and rule', () => {
    const problems = problemsOf({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      IB_PORTS: '4002,x',
      IB_STREAM_BACKENDS: 'json,csv',
      IB_STREAM_TRACKED_CONTRACTS: '0:MNQ,5:AAPL:BidAsk',
    })
    expect(problems).toHaveLength(6)
    for (const name of ['PORT=99999', 'LOG_LEVEL=loud', 'IB_PORTS=4002,x', 'IB_STREAM_BACKENDS=json,csv', '"0:MNQ"', '"BidAsk"']) {
      expect(problems.some((problem) => problem.includes(name))).toBe(true)
    }
  })

  it('says what is wrong with an address, and not the password in it', () => {
    expect(problemsOf({ NATS_URL: 'http://ingest:sesame@10.0.0.1:4222' })).toEqual([
      expect.stringMatching(/^NATS_URL=http:\/\/ingest:…@10\.0\.0\.1:4222: nats:/),
    ])
  })

  it('says that half a line is none', () => {
    expect(problemsOf({ IB_STREAM_LINES: '2.5' })).toEqual(['IB_STREAM_LINES=2.5: a whole number'])
  })

  it.each(['gateway.example.com', 'ib_gateway', '10.0.0.7', '::1', 'fe80::1%eth0'])('takes %s as a host', (name) => {
    expect(loadConfig({ IB_HOST: name }).gateway.host).toBe(name)
  })

  it.each(['nats', '127.0.0.1:4222', 'tls://nats.example.com:4222', 'nats://a:4222, nats://b:4222', 'nats://me:secret@a:4222'])(
    'takes %s as NATS servers',
    (url) => {
      expect(loadConfig({ NATS_URL: url }).nats.url).toBe(url)
    },
  )

  it('reads when the gateway restarts, and says how that is written', () => {
    expect(loadConfig({ IB_RESTART_TIME: '04:05 America/New_York' }).gateway.restart).toEqual({
      minuteOfDay: 245,
      zone: 'America/New_York',
    })
    for (const wrong of ['24:00', '4:05', '04:05 Mars/Olympus', 'noon'])
      expect(() => loadConfig({ IB_RESTART_TIME: wrong })).toThrow(
        `IB_RESTART_TIME=${wrong}: HH:MM, optionally a blank and an IANA time zone`,
      )
  })

  it('reads a virtual clock', () => {
    expect(loadConfig({ CLOCK_START: '2025-07-30T13:00:00Z@1000', CLOCK_RATE: '60' }).virtualTime).toEqual({
      startMs: Date.UTC(2025, 6, 30, 13),
      originMs: 1_000,
      rate: 60,
    })
    expect(loadConfig({ CLOCK_RATE: '60' }).virtualTime).toBeUndefined()
    expect(() => loadConfig({ CLOCK_START: '2025-07-30', CLOCK_RATE: '0' })).toThrow(
      /CLOCK_START=2025-07-30: an ISO time[\s\S]*CLOCK_RATE=0: above 0/,
    )
  })

  it('gives each installation a client id of its own, the same after every start', () => {
    const idOf = (env: Record<string, string>) => loadConfig(env).gateway.clientId
    expect(idOf({})).toBe(851)
    const ids = ['eu', 'us', 'backup'].map((IB_STREAM_INSTANCE) => idOf({ IB_STREAM_INSTANCE }))
    expect(new Set([851, ...ids]).size).toBe(4)
    expect(ids.every((id) => id > 851 && id < 1_852)).toBe(true)
    expect(idOf({ IB_STREAM_INSTANCE: 'eu' })).toBe(ids[0])
    expect(idOf({ IB_STREAM_INSTANCE: 'eu', IB_CLIENT_ID: '7' })).toBe(7)
  })

  /** What each setting refuses; free texts refuse nothing. */
  const WRONG: Record<keyof typeof SETTINGS, string | undefined> = {
    IB_HOST: '127.0.0.1:4002',
    IB_PORTS: '4002;4001',
    IB_CLIENT_ID: '-1',
    IB_CONNECT_TIMEOUT_MS: '10',
    IB_STREAM_LINES: '0',
    IB_STREAM_REQUEST_GUARD_MS: '15s',
    IB_RESTART_TIME: '23:60',
    IB_STREAM_BACKFILL: '3',
    IB_STREAM_CAPTURE_MAX_BYTES: '1000',
    IB_STREAM_TRACKED_CONTRACTS: '265598:AAPL:trades',
    IB_STREAM_ROLL_DAYS: '91',
    IB_STREAM_ROLL_OVERLAP: 'a day',
    IB_STREAM_BACKENDS: 'json,parquets',
    IB_STREAM_INSTANCE: 'My Own',
    DATA_DIR: undefined,
    IB_STREAM_OVERLAY: 'yes',
    NATS_URL: 'http://127.0.0.1:4222',
    NATS_CREDENTIALS: undefined,
    NATS_CA_FILE: undefined,
    IB_STREAM_LOG_MAX_BYTES: '1GB',
    IB_STREAM_LOG_KEEP: '24',
    IB_STREAM_RETENTION: '7d',
    KEEPER_EVERY_MS: '1',
    ALERT_WEBHOOK_URL: 'example.org',
    ARCHIVE_S3_BUCKET: 'My Bucket',
    ARCHIVE_S3_PREFIX: '../ticks',
    ARCHIVE_S3_ENDPOINT: 'minio:9000',
    ARCHIVE_S3_REGION: 'Frankfurt am Main',
    ARCHIVE_S3_PATH_STYLE: 'yes',
    ARCHIVE_S3_ACCESS_KEY_ID: undefined,
    ARCHIVE_S3_SECRET_ACCESS_KEY: undefined,
    ARCHIVE_EVERY_MS: '5m',
    IB_STREAM_SPOOL_MAX_BYTES: '1',
    IB_STREAM_LOG_REPLICAS: '2',
    IB_STREAM_LOG_SYNC: 'often',
    PORT: '70000',
    API_URL: 'query-api',
    HOST: '0.0.0.0:8851',
    HEALTH_PORT: 'auto',
    API_KEYS_FILE: undefined,
    API_OPEN: 'yes',
    API_CORS_ORIGINS: 'https://example.com/page',
    API_REQUESTS_PER_SECOND: '0',
    API_BYTES_PER_SECOND: '10MB',
    API_HOSTS: 'ticks.example.com:8851',
    API_STREAMS_PER_ADDRESS: 'many',
    CHECKPOINT_VISIBLE_MS: '0',
    CHECKPOINT_DURABLE_MS: '1e9',
    SIM_HOST: 'http://localhost',
    SIM_PORT: '-4002',
    CLOCK_START: 'yesterday',
    CLOCK_RATE: 'fast',
    LOG_LEVEL: 'quiet',
  }

  it.each(Object.entries(WRONG).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])))(
    'says which setting is wrong, with its value and what it may be: %s=%s',
    (name, value) => {
      const [problem = '', ...others] = problemsOf({ [name]: value })
      expect(others).toEqual([])
      expect(problem.startsWith(`${name}=${value}: `)).toBe(true)
      expect(problem.slice(`${name}=${value}: `.length)).toMatch(/\w{2}/)
      expect(problem).not.toMatch(/NaN|Invalid/)
    },
  )
})

describe('the archive', () => {
  const KEYS = { ARCHIVE_S3_ACCESS_KEY_ID: 'id', ARCHIVE_S3_SECRET_ACCESS_KEY: 'a-secret' }

  it('is off without a bucket, and has whole keys or none', () => {
    expect(loadConfig(KEYS).archive).toBeUndefined()
    expect(loadConfig({ ARCHIVE_S3_BUCKET: 'ticks' }).archive).toEqual({
      ...{ bucket: 'ticks', prefix: '', endpoint: undefined, region: 'us-east-1', keys: undefined, pathStyle: false },
    })
    const own = { ARCHIVE_S3_BUCKET: 'ticks', ARCHIVE_S3_PREFIX: '/desk-1//ticks', ARCHIVE_S3_ENDPOINT: 'http://127.0.0.1:9000', ...KEYS }
    expect(loadConfig(own).archive).toMatchObject({ prefix: 'desk-1/ticks/', keys: { id: 'id', secret: 'a-secret' }, pathStyle: true })
    expect(loadConfig({ ...own, ARCHIVE_S3_PATH_STYLE: 'off' }).archive?.pathStyle).toBe(false)
  })

  it('names the half of the keys that lacks, and never says a secret', () => {
    const [problem = '', ...others] = problemsOf({ ARCHIVE_S3_SECRET_ACCESS_KEY: 'a-secret' })
    expect(others).toEqual([])
    expect(problem).toContain('ARCHIVE_S3_ACCESS_KEY_ID')
    expect(problem).not.toContain('a-secret')
    expect(problemsOf({ ARCHIVE_S3_ACCESS_KEY_ID: 'id' })).toEqual([expect.stringContaining('ARCHIVE_S3_SECRET_ACCESS_KEY')])
  })

  it('takes no keys in the address, which is told where something fails', () => {
    const [problem = '', ...others] = problemsOf({ ARCHIVE_S3_ENDPOINT: 'https://id:sesame@minio.example.com' })
    expect(others).toEqual([])
    expect(problem).toMatch(/^ARCHIVE_S3_ENDPOINT=https:\/\/id:…@minio\.example\.com: .*ARCHIVE_S3_ACCESS_KEY_ID/)
  })
})
