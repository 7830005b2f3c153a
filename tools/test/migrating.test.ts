import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { SETTINGS } from '../../libs/service/src/config.ts'

/** Every setting that some part of the Python system read. Those of its oldest configuration had the prefix IB_STREAM_. */
const OLD = [
  ...'IB_ENVIRONMENT IB_HOST IB_PORTS IB_CLIENT_ID IB_CONTRACTS_CLIENT_ID IB_CONNECTION_TIMEOUT IB_RECONNECT_ATTEMPTS HOST PORT RELOAD'.split(
    ' ',
  ),
  ...`ENV HOST PORT PORTS CLIENT_ID CONNECTION_TIMEOUT ENABLE_STORAGE STORAGE_PATH ENABLE_JSON ENABLE_PROTOBUF ENABLE_V3_JSON ENABLE_V3_PROTOBUF ENABLE_V3_STORAGE ENABLE_V2_STORAGE
    ENABLE_POSTGRES ENABLE_METRICS ENABLE_BACKGROUND_STREAMING TRACKED_CONTRACTS BACKGROUND_RECONNECT_DELAY BUFFER_SIZE MAX_FILE_SIZE_MB LOG_LEVEL MAX_STREAMS ENABLE_CORS
    ENABLE_CLIENT_STREAM_STORAGE JSON_PATH PROTOBUF_PATH POSTGRES_URL POSTGRES_SCHEMA BATCH_SIZE BATCH_TIMEOUT QUEUE_SIZE WRITERS ROTATION_HOURS MAX_FILE_SIZE JSON_RETENTION
    PROTOBUF_RETENTION HEALTH_RETENTION METRICS_WINDOW HEALTH_INTERVAL HEALTH_STALENESS_MINUTES TRADING_HOURS_TTL_HOURS MAX_TRACKED RECONNECT_DELAY STREAM_TIMEOUT RECONNECT_ATTEMPTS
    HEARTBEAT_INTERVAL LOG_FORMAT`
    .split(/\s+/)
    .map((name) => `IB_STREAM_${name}`),
]

describe('the guide for users of the Python system', () => {
  it('has every old setting, and sends to settings that there are', async () => {
    const guide = await readFile('docs/guides/migrating-from-python.md', 'utf8')
    const table = guide.slice(guide.indexOf('## Settings'), guide.indexOf('## The message'))
    const rows = [...table.matchAll(/^\| (`.*?) \| (.*?) \| ?(.*?) ?\|$/gm)].map(([, old = '', now = '', more = '']) => ({
      old,
      now: now + more,
    }))
    const named = (text: string) => [...text.matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map(([, name = '']) => name)
    const known = rows.flatMap(({ old }) => named(old))
    expect(OLD.filter((name) => !known.includes(name))).toEqual([])
    expect(rows.flatMap(({ now }) => named(now)).filter((name) => !(name in SETTINGS))).toEqual([])
  })
})
