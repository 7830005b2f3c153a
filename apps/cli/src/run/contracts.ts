import { timeZone } from '@ib-stream/calendar'
import type { Request } from '@ib-stream/client'
import { type Contract, parseTime } from '@ib-stream/model'
import { type ApiFlags, openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type * as commands from '../commands/contracts.ts'
import type { Output } from '../output/output.ts'
import { type Column, tableOf } from '../output/table.ts'
import { localText } from '../output/units-text.ts'
import { zoneOf } from './time-range.ts'

interface ContractCall {
  flags: ApiFlags & { json: boolean }
  out: Output
  signal: AbortSignal
  env: Call['env']
}

/** Asks for what the API has of a contract, and shows it as JSON or in words. */
async function answered<Answer>(
  { flags, out, signal, env }: ContractCall,
  request: Request,
  words: (answer: Answer) => string,
): Promise<Answer> {
  const client = await openClient(flags, env)
  const answer = (await (await client.request({ ...request, signal })).json()) as Answer // of our own API, which its tests hold to its schema
  await out.write(flags.json ? `${JSON.stringify(answer)}\n` : words(answer))
  return answer
}

const requestFor = (contract: string, what = ''): Request => ({ template: `/v3/contracts/{cid}${what}`, path: { cid: contract } })

const FOUND: readonly Column<Contract>[] = [
  { head: 'id', cell: ({ cid }) => String(cid), align: 'right', style: () => 'cyan' },
  { head: 'symbol', cell: ({ symbol }) => symbol },
  { head: 'type', cell: ({ secType }) => secType },
  { head: 'exchange', cell: ({ exchange, primaryExchange }) => [exchange, primaryExchange].filter((one) => one).join(' ') },
  { head: 'currency', cell: ({ currency }) => currency },
  { head: 'local symbol', cell: ({ localSymbol }) => localSymbol ?? '' },
  { head: 'last trade', cell: ({ lastTradeDate }) => lastTradeDate ?? '' },
  { head: 'strike', cell: ({ strike, right }) => (strike === undefined || strike === 0 ? '' : `${strike} ${right ?? ''}`), align: 'right' },
  { head: 'name', cell: ({ longName }) => longName ?? '' },
]

export async function lookup(call: Call<typeof commands.lookup>): Promise<number> {
  const { symbol, type } = call.args
  const template = `/v3/contracts/lookup/{symbol}${type === undefined ? '' : '/{type}'}`
  const request = { template, path: { symbol, type: type?.toUpperCase() ?? '' } }
  const { contracts } = await answered<{ contracts: Contract[] }>(call, request, ({ contracts: found }) =>
    found.length === 0 ? `IB has nothing under ${symbol}\n` : tableOf(call.out, FOUND, found),
  )
  return contracts.length === 0 ? 1 : 0
}

export async function show(call: Call<typeof commands.show>): Promise<void> {
  await answered<Contract>(call, requestFor(call.args.contract), ({ tradingHours, liquidHours, askedUs, ...contract }) =>
    pairs(call.out, [...Object.entries(contract), ['asked', `${localText(askedUs)}Z`], ['hours', 'ib-stream contracts hours']]),
  )
}

interface HoursAnswer {
  time_zone: string
  trading_hours: string
  liquid_hours: string
  asked_at: string
}

export async function hours(call: Call<typeof commands.hours>): Promise<void> {
  await answered<HoursAnswer>(
    call,
    requestFor(call.args.contract, '/trading-hours'),
    ({ time_zone, trading_hours, liquid_hours, asked_at }) => {
      const days = (text: string) => text.split(';').join(`\n${' '.repeat(WIDTH)}`)
      return pairs(call.out, [
        ['time zone', time_zone],
        ['trading', days(trading_hours)],
        ['liquid', days(liquid_hours)],
        ['asked', asked_at],
      ])
    },
  )
}

interface StatusAnswer {
  status: string
  session: string | null
  next_open: string | null
  next_close: string | null
  time_zone: string
}

export async function status(call: Call<typeof commands.status>): Promise<void> {
  await answered<StatusAnswer>(
    call,
    requestFor(call.args.contract, '/market-status'),
    ({ status: word, session, next_open, next_close, time_zone }) => {
      const timeOf = timesIn(call.flags.tz, time_zone)
      const style = word === 'open' ? 'green' : word === 'closed' || word === 'unknown' ? 'red' : 'yellow'
      return pairs(call.out, [
        ['status', call.out.paint(style, word)],
        ['session', session ?? '–'],
        ['next open', timeOf(next_open)],
        ['next close', timeOf(next_close)],
        ['time zone', call.flags.tz ?? time_zone],
      ])
    },
  )
}

interface ScheduleAnswer {
  time_zone: string
  days: ScheduleDay[]
}
interface ScheduleDay {
  date: string
  status: string
  source: string | null
  regular: Span[]
  full: Span[]
}
interface Span {
  start: string
  end: string
}

export async function schedule(call: Call<typeof commands.schedule>): Promise<void> {
  await answered<ScheduleAnswer>(
    call,
    { ...requestFor(call.args.contract, '/schedule'), query: { days: call.flags.days } },
    ({ time_zone, days }) => {
      const timeOf = timesIn(call.flags.tz, time_zone)
      const spansText = (spans: readonly Span[]) => spans.map(({ start, end }) => `${timeOf(start)} – ${timeOf(end)}`).join(', ')
      return tableOf(
        call.out,
        [
          { head: 'day', cell: ({ date }) => date },
          { head: 'is', cell: ({ status: word }) => word, style: ({ status: word }) => (word === 'open' ? 'green' : 'dim') },
          { head: `regular (${call.flags.tz ?? time_zone})`, cell: ({ regular }) => spansText(regular) },
          { head: 'full', cell: ({ full }) => spansText(full) },
          { head: '', cell: ({ source }) => (source === 'pattern' ? 'as its weekday mostly is' : '') },
        ] satisfies Column<ScheduleDay>[],
        days,
      )
    },
  )
}

/** Times of answers in the zone that is asked for, else in that of the exchange. */
function timesIn(tz: string | undefined, exchange: string): (iso: string | null) => string {
  const zone = tz === undefined || tz.toLowerCase() === 'exchange' ? timeZone(exchange) : zoneOf(tz)
  return (iso) =>
    iso === null
      ? '–'
      : localText(parseTime(iso).us ?? 0, zone)
          .slice(0, 16)
          .replace('T', ' ')
}

const WIDTH = 20

/** A line for each name and value. */
const pairs = (out: Output, entries: readonly (readonly [string, unknown])[]): string =>
  entries.map(([name, value]) => `${out.paint('bold', name.padEnd(WIDTH))}${String(value)}\n`).join('')
