import { codeOf, isoFromUs } from '@ib-stream/model'
import { type Config, loadConfig, parseRetention, RETENTION_FORM, type RetentionSetting } from '@ib-stream/service'
import { type RetainedDay, type RetentionOptions, type RetentionReport, retain, STAY_WORDS } from '@ib-stream/storage'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/retention.ts'
import { dataDirOf, loadDotEnv } from '../data-dir.ts'
import { ProgressLine } from '../output/progress-line.ts'
import { countText as count } from '../output/units-text.ts'
import type { OwnersRetentionOptions } from './retain-through-owners.ts'
import { invalid } from './time-range.ts'

/** @returns the exit status: 0 what was due is gone, 1 something that was due stays, 2 a partition could not be worked on */
export async function run({ flags, out, signal }: Call<typeof command>): Promise<number> {
  const { json, dryRun, nats, unconfirmed } = flags
  const line = new ProgressLine(out.err)
  const say = (text: string) => {
    line.clear()
    out.line(text)
  }
  let days = 0
  const { limits, backends } = settingOf(flags.keep)
  try {
    const report = await retainWherever(flags.offline ? 'offline' : 'anywhere', {
      dataDir: dataDirOf(flags.dataDir),
      keep: limits,
      backends,
      ...{ nats, unconfirmed, dryRun, signal },
      onProgress: ({ backend, dayUs, day, days: all }) => line.show(() => `${backend} ${dateOf(dayUs)}  day ${day} of ${all}`),
      onDay: (day) => {
        if (!json && days++ === 0) say(out.paint('bold', HEAD))
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
  } finally {
    line.clear()
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

/** @throws CliError `IBS_CLI_OPTION_INVALID`; ServiceError `IBS_CONFIG_INVALID` */
function settingOf(given: string | undefined): { limits: RetentionSetting; backends: Config['backends'] } {
  loadDotEnv()
  const { retention, backends } = loadConfig(process.env)
  if (given === undefined) return { limits: retention, backends }
  const limits = parseRetention(given)
  if (limits === undefined) throw invalid('--keep', given, RETENTION_FORM)
  return { limits, backends }
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
