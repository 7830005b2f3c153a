import { open, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { timeZone } from '@ib-stream/calendar'
import { codeOf, US_PER_HOUR } from '@ib-stream/model'
import { type Config, diskSpace } from '@ib-stream/service'
import { assertSharedLocks } from '@ib-stream/storage'
import { bytesText } from '../output/units-text.ts'
import type { Running } from '../up/running.ts'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'

/** Ports that `up` would take: a taken one is passed over, which users should know. */
export async function checkPorts({ port, host }: Config, running: Running | undefined): Promise<Finding> {
  if (running) return ok('ports', `ib-stream runs, its API is at ${running.apiUrl}`)
  if (await isFree(host, port)) return ok('ports', `${port} is free`)
  return warn('ports', `${port} is taken by another program`, 'query-api takes the next free port; set PORT to choose one')
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

/** Every stream takes a tick-by-tick line of the account. */
export function checkLines({ tracked, gateway: { lines } }: Config): Finding {
  const wanted = tracked.flatMap(({ name, tickTypes }) => tickTypes.map((tt) => `${name} ${tt}`))
  if (wanted.length === 0) return warn('lines', 'nothing is tracked', 'set IB_STREAM_TRACKED_CONTRACTS, or "ib-stream tracked add"')
  if (wanted.length <= lines) return ok('lines', `${wanted.length} of ${lines} are needed`)
  const without = wanted.slice(lines).join(', ')
  return fail(
    'lines',
    `${wanted.length} streams for ${lines} lines; none for ${without}`,
    'track less, or set IB_STREAM_LINES to what the account has (5 % of its market data lines)',
  )
}

const LOW_FREE_BYTES = 5e9
const LOW_FREE_SHARE = 0.1

export async function checkSpace({ dataDir }: Config): Promise<Finding> {
  return judgeSpace(await diskSpace(dataDir))
}

export function judgeSpace({ totalBytes, freeBytes }: { totalBytes: number; freeBytes: number }): Finding {
  const words = `${bytesText(freeBytes)} of ${bytesText(totalBytes)} free`
  if (freeBytes > LOW_FREE_BYTES || freeBytes > LOW_FREE_SHARE * totalBytes) return ok('disk space', words)
  return warn('disk space', words, 'make room, or set IB_STREAM_RETENTION; a busy contract takes about 100 MB a day')
}

const TRIAL_BYTES = 4_096
const TRIALS = 20
/** The spool syncs each group of ticks before they are sent: this is what a tick waits at least. */
const SLOW_SYNC_MS = 20

/** How long it takes to make a small write durable. */
export async function checkDiskSpeed({ dataDir }: Config): Promise<Finding> {
  const path = join(dataDir, `.doctor-${process.pid}`)
  try {
    await using file = await open(path, 'w', 0o600)
    const block = Buffer.alloc(TRIAL_BYTES, 1)
    const tookMs: number[] = []
    for (let i = 0; i < TRIALS; i++) {
      const startedMs = performance.now()
      await file.write(block)
      await file.datasync()
      tookMs.push(performance.now() - startedMs)
    }
    return judgeSpeed(tookMs)
  } catch (error) {
    return skipped('disk speed', Error.isError(error) ? error.message : String(error))
  } finally {
    await rm(path, { force: true }).catch(() => undefined) // where it could not be made, that is told
  }
}

/** @param tookMs of each durable write */
export function judgeSpeed(tookMs: readonly number[]): Finding {
  const sorted = tookMs.toSorted((a, b) => a - b)
  const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0
  const words = `a durable write takes ${medianMs.toFixed(1)} ms (at worst ${(sorted.at(-1) ?? 0).toFixed(1)} ms)`
  if (medianMs <= SLOW_SYNC_MS) return ok('disk speed', words)
  return warn('disk speed', words, 'put DATA_DIR on a local SSD: each tick waits for such a write')
}

/** Whether the folder can be written, who else can, and whether its locks reach all who write. */
export async function checkDataDir({ dataDir, overlayAllowed }: Config): Promise<Finding> {
  const about = 'data folder'
  try {
    const path = join(dataDir, `.doctor-write-${process.pid}`)
    await using file = await open(path, 'w', 0o600)
    await rm(path)
    void file
    if (!overlayAllowed) await assertSharedLocks(dataDir)
    const { mode, uid } = await stat(dataDir)
    if ((mode & 0o002) !== 0) return warn(about, `${dataDir} can be written by everybody`, `chmod o-w ${dataDir}`)
    if (process.getuid?.() === 0 && uid !== 0)
      return warn(about, `${dataDir} belongs to user ${uid}, and this is root`, 'run ib-stream as that user')
    return ok(about, `${dataDir} can be written`)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok(about, `${dataDir} is made at the first start`)
    if (codeOf(error) === 'EACCES' || codeOf(error) === 'EROFS')
      return fail(about, `${dataDir} cannot be written`, `give it to the user of ib-stream: chown -R $(id -u) ${dataDir}`)
    return fail(about, Error.isError(error) ? error.message : String(error), 'choose another DATA_DIR')
  }
}

/** Half a year apart, New York has two offsets: an engine without its zones says UTC, or one of them always. */
export function checkTimeZones(): Finding {
  const zone = timeZone('America/New_York')
  return judgeTimeZones(['2026-01-15T12:00Z', '2026-07-15T12:00Z'].map((at) => zone.offsetUs(Date.parse(at) * 1_000) / US_PER_HOUR))
}

/** @param offsets of New York in winter and in summer, hours */
export function judgeTimeZones(offsets: readonly number[]): Finding {
  if (offsets.join() === '-5,-4') return ok('time zones', `data of ${process.versions.tz ?? 'the system'}`)
  return fail(
    'time zones',
    `New York is ${offsets.join(' and ')} h from UTC`,
    'use the Node of the project (npm start does), which has all zones',
  )
}
