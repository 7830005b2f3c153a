import { codeOf, isoFromUs } from '@ib-stream/model'
import { loadConfig, parseRetention, RETENTION_FORM, type RetentionSetting } from '@ib-stream/service'
import { type RetainedDay, type RetentionOptions, type RetentionReport, retain, STAY_WORDS } from '@ib-stream/storage'
import { type Command, InvalidArgumentError } from 'commander'
import { dataDirOf, loadDotEnv, withDataDir } from '../data-dir.ts'
import { ProgressLine } from './progress-line.ts'
import type { OwnersRetentionOptions } from './retain-through-owners.ts'

interface RetentionFlags {
  dataDir?: string
  keep?: RetentionSetting
  offline?: true
  nats?: string
  unconfirmed?: boolean
  dryRun?: boolean
  json?: true
}

/** Adds `ib-stream retention`. */
export function registerRetention(program: Command): void {
  withDataDir(program.command('retention'))
    .description('take away what is older, or more, than is kept of a backend; where writers run, they do it')
    .option('--keep <limits>', 'how much of each backend is kept, e.g. json:7d;20%,pb:90d (default: IB_STREAM_RETENTION)', keepOf)
    .option('--offline', 'only while no writer runs; it is checked')
    .option('--nats <address>', 'where to ask them (default: NATS_URL, or the server that "up" runs on the recording)')
    .option('--unconfirmed', 'take hours too that no longer-kept backend is known to hold: their ticks are gone then')
    .option('--dry-run', 'decide everything, remove nothing')
    .option('-j, --json', 'one JSON object a line, the counts last')
    .action(async (flags: RetentionFlags) => {
      process.exitCode = await runRetention(flags)
    })
}

function keepOf(text: string): RetentionSetting {
  const keep = parseRetention(text)
  if (keep === undefined) throw new InvalidArgumentError(`"${text}" is not ${RETENTION_FORM}`)
  return keep
}

/** @returns the exit status: 0 what was due is gone, 1 something that was due stays, 2 could not begin or go on, 130 stopped */
async function runRetention({ dataDir, keep, offline, nats, unconfirmed = false, dryRun = false, json }: RetentionFlags): Promise<number> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('stopped')))
  process.once('SIGTERM', () => stop.abort(new Error('stopped')))
  const line = new ProgressLine(process.stderr)
  const say = (text: string) => {
    line.clear()
    process.stdout.write(`${text}\n`)
  }
  try {
    let days = 0
    const limits = keep ?? settingOf()
    const report = await retainWherever(offline === true ? 'offline' : 'anywhere', {
      dataDir: dataDirOf(dataDir),
      keep: limits,
      ...{ nats, unconfirmed, dryRun, signal: stop.signal },
      onProgress: ({ backend, dayUs, day, days: all }) => line.show(() => `${backend} ${dateOf(dayUs)}  day ${day} of ${all}`),
      onDay: (day) => {
        if (!json && days++ === 0) say(HEAD)
        say(json ? JSON.stringify(day) : rowOf(day))
      },
    })
    for (const { path, reason } of report.unreachable) {
      say(json ? JSON.stringify({ path, reason, kind: 'not_worked_on' }) : `${path}  not worked on: ${reason}`)
    }
    if (!json && Object.keys(limits).length === 0) say('no backend has a limit, so all is kept; give --keep or set IB_STREAM_RETENTION')
    const { removed, stayed, unreachable } = report
    say(json ? JSON.stringify({ removed, stayed, notWorkedOn: unreachable.length, dryRun }) : summaryOf(report, dryRun))
    if (unreachable.length > 0) return 2
    return STAY_WORDS.some((word) => word !== 'open' && stayed[word] > 0) ? 1 : 0
  } catch (error) {
    line.clear()
    if (codeOf(error) === 'EPIPE') return 2
    if (stop.signal.aborted) {
      process.stderr.write('stopped; the same command goes on\n')
      return 130
    }
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}

async function retainWherever(where: 'offline' | 'anywhere', options: RetentionOptions & OwnersRetentionOptions): Promise<RetentionReport> {
  try {
    return await retain(options)
  } catch (error) {
    if (where === 'offline' || codeOf(error) !== 'IBS_STORAGE_BACKEND_IN_USE') throw error
    const { retainThroughOwners } = await import('./retain-through-owners.ts') // the other verbs start without the client of NATS
    return await retainThroughOwners(options)
  }
}

function settingOf(): RetentionSetting {
  loadDotEnv()
  return loadConfig(process.env).retention
}

const FIRST_NUMBER = 3
/** Widths. */
const COLUMNS = [8, 10, 5, 7, 7, 12, 15] as const
const HEAD = columns(['backend', 'day', 'why', 'hours', 'files', 'ticks', 'bytes'], 'stays')

function rowOf({ backend, dayUs, why, removed, stays }: RetainedDay): string {
  const { hours, files, ticks, diskBytes } = removed
  const left = STAY_WORDS.map((word) => ({ word, hours: stays.filter(({ because }) => because === word).length }))
  return columns([backend, dateOf(dayUs), why, ...[hours, files, ticks, diskBytes].map(count)], stayText(left))
}

const stayText = (left: readonly { word: string; hours: number }[]): string =>
  left
    .filter(({ hours }) => hours > 0)
    .map(({ word, hours }) => `${count(hours)} ${word.replace('_', ' ')}`)
    .join(', ')

function columns(cells: readonly string[], last: string): string {
  const padded = cells.map((cell, i) => (i < FIRST_NUMBER ? cell.padEnd(COLUMNS[i] ?? 0) : cell.padStart(COLUMNS[i] ?? 0)))
  return `${padded.join(' ')}  ${last}`.trimEnd()
}

function summaryOf({ removed: { hours, files, ticks, diskBytes }, stayed }: RetentionReport, dryRun: boolean): string {
  const left = STAY_WORDS.filter((word) => stayed[word] > 0).map((word) => `${count(stayed[word])} ${word.replace('_', ' ')}`)
  const would = dryRun ? 'would be removed (dry run: nothing was)' : 'removed'
  return `${count(hours)} hours, ${count(files)} files, ${count(ticks)} ticks, ${count(diskBytes)} bytes ${would}; due and left: ${left.join(', ') || 'nothing'}`
}

const dateOf = (us: number): string => isoFromUs(us).slice(0, 'YYYY-MM-DD'.length)
const count = (value: number): string => value.toLocaleString('en-US')
