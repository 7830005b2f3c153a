import { type Bus, lookUpContracts } from '@ib-stream/bus'
import {
  addDays,
  type ContractCalendar,
  calendarOf as calendarTold,
  completenessBySession,
  type HoursKind,
  type LocalDate,
  withWeeklyPattern,
} from '@ib-stream/calendar'
import type { Contract } from '@ib-stream/model'
import { type StreamLedger, type TimeRange, uncertainTimes } from '@ib-stream/tape'
import type { Command } from 'commander'
import { openBus, withNats } from '../bus.ts'
import { type LedgerFlags, readLedgerFiles, withLedger } from './ledger.ts'
import { durationText, tableOf } from './table.ts'
import { invalid } from './time-range.ts'

interface CoverageFlags extends LedgerFlags {
  hours: string
  nats: string
}

/** Adds `ib-stream coverage`. */
export function registerCoverage(program: Command): void {
  withNats(withLedger(program.command('coverage').description('how much of each session was recorded with certainty, in %')))
    .option('--hours <kind>', 'regular, full (with what is before and after), or always (every hour counts)', 'full')
    .action(async (contract: string | undefined, flags: CoverageFlags) => {
      process.exitCode = await runCoverage(contract, flags)
    })
}

interface Row {
  cid: number
  symbol: string | undefined
  tt: string
  /** Trading date; `all` for the sum, `always` where every hour counts. */
  session: string
  sessionUs: number
  certainUs: number
}

const ALWAYS = 'always'

/** @returns the exit status: 0 told, 2 it could not be */
async function runCoverage(contract: string | undefined, flags: CoverageFlags): Promise<number> {
  try {
    if (!['regular', 'full', ALWAYS].includes(flags.hours)) throw invalid('--hours', flags.hours, 'regular, full or always')
    const { streams, range } = await readLedgerFiles(contract, flags)
    const contracts = flags.hours === ALWAYS ? new Map<number, Contract>() : await contractsOf(streams, flags.nats)
    const rows = streams.flatMap((stream) => rowsOf(stream, range, contracts.get(stream.cid), flags.hours))
    process.stdout.write(flags.json ? rows.map((row) => `${JSON.stringify(jsonOf(row))}\n`).join('') : textOf(rows))
    return 0
  } catch (error) {
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}

/** Hours are IB's to tell: ingest has them. Where it does not answer every hour counts, and that is said. */
async function contractsOf(streams: readonly StreamLedger[], nats: string): Promise<Map<number, Contract>> {
  const found = new Map<number, Contract>()
  let bus: Bus | undefined
  try {
    bus = await openBus(nats, new AbortController().signal)
    for (const cid of new Set(streams.map(({ cid }) => cid))) {
      const answer = await lookUpContracts(bus, { cid })
      const [contract] = answer.ok ? answer.contracts : []
      if (contract) found.set(cid, contract)
      else process.stderr.write(`hours of ${cid} are not known, every hour counts: ${answer.ok ? 'no contract' : answer.message}\n`)
    }
  } catch (error) {
    process.stderr.write(`hours are not known, every hour counts: ${Error.isError(error) ? error.message : String(error)}\n`)
  } finally {
    await bus?.close()
  }
  return found
}

function rowsOf(stream: StreamLedger, range: TimeRange, contract: Contract | undefined, hours: string): Row[] {
  const { cid, tt } = stream
  const holes = uncertainTimes(stream, range)
  const head = { cid, symbol: contract && (contract.localSymbol ?? contract.symbol), tt }
  if (!contract || hours === ALWAYS) {
    const lostUs = holes.reduce((sum, { fromUs, untilUs }) => sum + untilUs - fromUs, 0)
    const sessionUs = range.untilUs - range.fromUs
    return [{ ...head, session: ALWAYS, sessionUs, certainUs: sessionUs - lostUs }]
  }
  const sessions = completenessBySession(calendarOf(contract, range), hours as HoursKind, range, holes)
  const rows = sessions.map(({ session, sessionUs, certainUs }) => ({ ...head, session: session.date, sessionUs, certainUs }))
  const sum = (field: 'sessionUs' | 'certainUs') => rows.reduce((total, row) => total + row[field], 0)
  return [...rows, { ...head, session: 'all', sessionUs: sum('sessionUs'), certainUs: sum('certainUs') }]
}

/** IB tells a week; other days are as their weekday mostly is. */
function calendarOf(contract: Contract, { fromUs, untilUs }: TimeRange): ContractCalendar {
  const told = calendarTold(contract)
  const dateOf = (us: number): LocalDate => told.zone.localTime(us).date
  return withWeeklyPattern(told, { from: addDays(dateOf(fromUs), -1), to: addDays(dateOf(untilUs), 1) })
}

const shareOf = ({ sessionUs, certainUs }: Row): number | null => (sessionUs > 0 ? certainUs / sessionUs : null)

const jsonOf = (row: Row) => ({ ...row, share: shareOf(row) })

function textOf(rows: readonly Row[]): string {
  if (rows.length === 0) return 'nothing was recorded\n'
  const head = ['contract', 'symbol', 'type', 'session', 'time', 'missing', 'certain']
  const cells = rows.map((row) => [
    String(row.cid),
    row.symbol ?? '',
    row.tt,
    row.session,
    durationText(row.sessionUs),
    durationText(row.sessionUs - row.certainUs),
    percentText(shareOf(row)),
  ])
  return tableOf(head, cells, new Set(['contract', 'time', 'missing', 'certain']))
}

/** Never rounded up to 100 %. */
const percentText = (share: number | null): string => (share === null ? '–' : `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`)
