import { defineCommand } from '../command/define-command.ts'
import { flag, optionalArgument } from '../command/option.ts'
import { API, json } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'stats',
  group: 'truth',
  summary: 'bytes, ticks and files of each backend, contract and tick type, how they grow, and how long the disk lasts',
  args: { contract: optionalArgument('contract', 'contract id or name; default: all') },
  options: { streams: flag('--streams', 'a line for each contract and tick type'), json: json('the answers of the API'), ...API },
  examples: [
    { run: 'stats', does: 'all backends, and when the disk is full' },
    { run: 'stats AAPL --streams', does: 'each tick type of a contract' },
  ],
  endsWithReader: true,
  interrupt: 'stops',
})
