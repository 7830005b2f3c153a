import { type Bus, lookUpContracts } from '@ib-stream/bus'
import {
  addDays,
  type ContractCalendar,
  calendarOf as calendarTold,
  completenessBySession,
  type HoursKind,
  type LocalDate,
  percentOf,
  withWeeklyPattern,
} from '@ib-stream/calendar'
import type { Contract } from '@ib-stream/model'
import { type StreamLedger, type TimeRange, uncertainTimes } from '@ib-stream/tape'
import { natsOf, openBus } from '../bus.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/coverage.ts'
import { dataDirOf } from '../data-dir.ts'
import type { Output } from '../output/output.ts'
import { type Column, tableOf } from '../output/table.ts'
import { durationText, percentText } from '../output/units-text.ts'
import { contractIdOf } from './contract-id.ts'
import { readLedgerFiles } from './ledger.ts'

type CoverageCall = Call<typeof command>

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

export async function run(call: CoverageCall): Promise<void> {
  const { args, flags, out, signal } = call
  const cid = args.contract === undefined ? undefined : await contractIdOf(args.contract, { nats: flags.nats, signal })
  const { streams, range } = await readLedgerFiles(cid, flags)
  const contracts = flags.hours === ALWAYS ? new Map<number, Contract>() : await contractsOf(streams, call)
  const rows = streams.flatMap((stream) => rowsOf(stream, range, contracts.get(stream.cid), flags.hours))
  await out.write(flags.json ? rows.map((row) => `${JSON.stringify(jsonOf(row))}\n`).join('') : textOf(out, rows))
}

/** Hours are IB's to tell: ingest has them. Where it does not answer every hour counts, and that is said. */
async function contractsOf(streams: readonly StreamLedger[], { flags, out, signal }: CoverageCall): Promise<Map<number, Contract>> {
  const found = new Map<number, Contract>()
  let bus: Bus | undefined
  try {
    bus = await openBus(await natsOf(flags.nats, dataDirOf(flags.dataDir)), signal)
    for (const cid of new Set(streams.map(({ cid }) => cid))) {
      const answer = await lookUpContracts(bus, { cid })
      const [contract] = answer.ok ? answer.contracts : []
      if (contract) found.set(cid, contract)
      else out.say(`hours of ${cid} are not known, every hour counts: ${answer.ok ? 'no contract' : answer.message}`)
    }
  } catch (error) {
    signal.throwIfAborted()
    out.say(`hours are not known, every hour counts: ${Error.isError(error) ? error.message : String(error)}`)
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

const COLUMNS: readonly Column<Row>[] = [
  { head: 'contract', cell: ({ cid }) => String(cid), align: 'right' },
  { head: 'symbol', cell: ({ symbol }) => symbol ?? '' },
  { head: 'type', cell: ({ tt }) => tt },
  { head: 'session', cell: ({ session }) => session },
  { head: 'time', cell: ({ sessionUs }) => durationText(sessionUs), align: 'right' },
  { head: 'missing', cell: ({ sessionUs, certainUs }) => durationText(sessionUs - certainUs), align: 'right' },
  {
    head: 'certain',
    cell: (row) => percentText(percentOf(row)),
    align: 'right',
    style: (row) => ((shareOf(row) ?? 1) === 1 ? 'green' : 'yellow'),
  },
]

const textOf = (out: Output, rows: readonly Row[]): string => (rows.length === 0 ? 'nothing was recorded\n' : tableOf(out, COLUMNS, rows))
