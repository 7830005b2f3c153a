import {
  type ArchiveFailure,
  archiveStatus,
  type DateStatus,
  type FetchedDay,
  fetchDays,
  type LastRun,
  readLastRun,
} from '@ib-stream/archive'
import { isoFromUs } from '@ib-stream/model'
import { openArchive } from '../archive/open-archive.ts'
import type { Call } from '../command/define-command.ts'
import type * as commands from '../commands/archive.ts'
import { dataDirOf } from '../data-dir.ts'
import { errorLine } from '../output/error-line.ts'
import type { Output } from '../output/output.ts'
import { type Column, tableOf } from '../output/table.ts'
import { bytesText, countText } from '../output/units-text.ts'
import { contractIdOf } from './contract-id.ts'
import { rangeOf } from './time-range.ts'

/** @returns the exit status: 1 where a copy is not sound, something could not be looked at, or the keeper has trouble */
export async function status({ flags, out, signal, env }: Call<typeof commands.status>): Promise<number> {
  const dataDir = dataDirOf(flags.dataDir)
  const { store, archive } = await openArchive(env)
  const dates = await archiveStatus({ dataDir, store, prefix: archive.prefix, verify: flags.verify ? 'read' : 'list', signal })
  store.close()
  const lastRun = await readLastRun(dataDir)
  const counts = { ...totalOf(dates), lastRun }
  if (flags.json) for (const line of [...dates, counts]) out.json(line)
  else await out.write(textOf(out, dates, lastRun))
  if (!flags.json) for (const { failures } of dates) sayFailures(out, failures)
  return counts.damaged > 0 || counts.failures > 0 || (lastRun?.failures.length ?? 0) > 0 ? 1 : 0
}

const COUNTED = ['local', 'archived', 'archivedBytes', 'verified', 'waiting'] as const

function totalOf(dates: readonly DateStatus[]): Record<(typeof COUNTED)[number] | 'dates' | 'damaged' | 'failures', number> {
  const total = { dates: dates.length, damaged: 0, failures: 0, local: 0, archived: 0, archivedBytes: 0, verified: 0, waiting: 0 }
  for (const date of dates) {
    for (const name of COUNTED) total[name] += date[name]
    total.damaged += date.damaged.length
    total.failures += date.failures.length
  }
  return total
}

function textOf(out: Output, dates: readonly DateStatus[], lastRun: LastRun | undefined): string {
  const columns: Column<DateStatus>[] = [
    { head: 'date', cell: ({ date }) => date },
    { head: 'local', cell: ({ local }) => countText(local), align: 'right' },
    { head: 'archived', cell: ({ archived }) => countText(archived), align: 'right' },
    { head: 'bytes', cell: ({ archivedBytes }) => bytesText(archivedBytes), align: 'right' },
    { head: 'verified', cell: ({ verified }) => countText(verified), align: 'right' },
    {
      head: 'waiting',
      cell: ({ waiting }) => countText(waiting),
      align: 'right',
      style: ({ waiting }) => (waiting > 0 ? 'yellow' : undefined),
    },
    { head: 'damaged', cell: ({ damaged }) => damaged.join(' '), style: () => 'red' },
  ]
  const total = totalOf(dates)
  const sum = `${countText(total.archived)} days in the archive, ${bytesText(total.archivedBytes)}; ${countText(total.waiting)} of ${countText(total.local)} here wait`
  return `${dates.length === 0 ? '' : tableOf(out, columns, dates)}${sum}\n${keeperText(lastRun)}\n`
}

function keeperText(lastRun: LastRun | undefined): string {
  if (lastRun === undefined) return 'the keeper has not looked yet'
  const at = `${isoFromUs(lastRun.startedUs).slice(0, 19)}Z`
  if (lastRun.failures.length === 0) return `the keeper looked at ${at}, without trouble`
  const list = lastRun.failures.map(({ message }) => `\n  ${message}`).join('')
  return `the keeper looked at ${at}; ${lastRun.failedRuns} runs in a row failed:${list}`
}

/** What could not be looked at or brought, while the others were. */
function sayFailures(out: Output, failures: readonly ArchiveFailure[]): void {
  for (const { message } of failures) out.say(errorLine(out, message))
}

/** @returns the exit status: 1 where nothing is archived of it, 2 where something could not be fetched */
export async function fetch({ args, flags, out, signal, env }: Call<typeof commands.fetch>): Promise<number> {
  const dataDir = dataDirOf(flags.dataDir)
  const { startUs = 0, endUs } = rangeOf(flags)
  const { store, archive, source } = await openArchive(env)
  const cid = args.contract === undefined ? undefined : await contractIdOf(args.contract, { nats: undefined, signal })
  const onDay = ({ day: { path, bytes, count, sha256 }, did }: FetchedDay): void => {
    if (flags.json) out.json({ path, did, bytes, ticks: count, sha256 })
    else out.line(`${path}  ${did === 'fetched' ? `${countText(count)} ticks, ${bytesText(bytes)}` : 'is here already; left as it is'}`)
  }
  const { days, failures } = await fetchDays({
    dataDir,
    store,
    prefix: archive.prefix,
    source,
    range: { startUs, endUs },
    cid,
    tts: flags.types,
    signal,
    onDay,
  })
  store.close()
  const fetched = days.filter(({ did }) => did === 'fetched')
  const counts = {
    fetched: fetched.length,
    there: days.length - fetched.length,
    failed: failures.length,
    bytes: fetched.reduce((sum, { day }) => sum + day.bytes, 0),
  }
  const notFetched = counts.failed === 0 ? '' : `; ${counts.failed} could not be fetched`
  if (flags.json) for (const line of [...failures.map((failure) => ({ ...failure, did: 'failed' })), counts]) out.json(line)
  else out.line(`${counts.fetched} days fetched, ${bytesText(counts.bytes)}; ${counts.there} were here${notFetched}`)
  if (!flags.json) sayFailures(out, failures)
  if (counts.failed > 0) return 2
  return days.length === 0 ? 1 : 0
}
