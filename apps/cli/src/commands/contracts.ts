import { defineCommand } from '../command/define-command.ts'
import { argument, optionalArgument, text, value, wholeNumber } from '../command/option.ts'
import { API, contract, json } from '../command/shared-options.ts'

const tz = text('--tz <zone>', 'zone of the times that are shown: UTC, America/New_York', { shown: 'that of the exchange' })
const SEC_TYPE_WORDS = ['STK', 'FUT', 'OPT', 'CASH', 'IND', 'CFD', 'BOND', 'FUND', 'CMDTY'] as const

export const lookup = defineCommand({
  name: 'contracts lookup',
  group: 'contracts',
  summary: 'every contract that IB has under a symbol',
  args: {
    symbol: argument('symbol', 'as IB spells it: AAPL, MNQ'),
    type: optionalArgument('type', 'type of contract; default: all', { choices: SEC_TYPE_WORDS }),
  },
  options: { json: json('the answer of the API'), ...API },
  examples: [
    { run: 'contracts lookup AAPL', does: 'shares and whatever else has this symbol' },
    { run: 'contracts lookup MNQ FUT --json', does: 'its futures, for a program' },
  ],
  statuses: { 1: 'IB has none' },
  endsWithReader: true,
  interrupt: 'stops',
})

export const show = defineCommand({
  name: 'contracts show',
  group: 'contracts',
  summary: 'what IB says of a contract',
  args: { contract },
  options: { json: json('the answer of the API'), ...API },
  examples: [{ run: 'contracts show MNQ.front', does: 'the future that is at the front now' }],
  endsWithReader: true,
  interrupt: 'stops',
})

export const hours = defineCommand({
  name: 'contracts hours',
  group: 'contracts',
  summary: 'the trading hours of a contract as IB writes them',
  args: { contract },
  options: { json: json('the answer of the API'), ...API },
  examples: [{ run: 'contracts hours 265598', does: 'trading and liquid hours of a week' }],
  endsWithReader: true,
  interrupt: 'stops',
})

export const status = defineCommand({
  name: 'contracts status',
  group: 'contracts',
  summary: 'whether the market of a contract is open, and when that changes',
  args: { contract },
  options: { tz, json: json('the answer of the API'), ...API },
  examples: [{ run: 'contracts status AAPL', does: 'open, closed, pre_market or after_hours' }],
  endsWithReader: true,
  interrupt: 'stops',
})

export const schedule = defineCommand({
  name: 'contracts schedule',
  group: 'contracts',
  summary: 'the sessions of a contract, a day each, from today on',
  args: { contract },
  options: {
    days: value('--days <count>', 'how many days', wholeNumber(1, 30), { shown: '7' }),
    tz,
    json: json('the answer of the API'),
    ...API,
  },
  examples: [{ run: 'contracts schedule 265598 --days 3', does: 'regular and full hours of three days' }],
  endsWithReader: true,
  interrupt: 'stops',
})
