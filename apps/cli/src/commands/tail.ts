import { defineCommand } from '../command/define-command.ts'
import { text, value, wholeNumber } from '../command/option.ts'
import { API, contract, json, types } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'tail',
  group: 'ticks',
  summary: 'live ticks of a contract as they arrive, until Ctrl-C',
  args: { contract },
  options: {
    types: types('bid_ask,last'),
    json: json('one JSON object a line, as recorded'),
    number: value('-n, --number <count>', 'end after so many ticks', wholeNumber(1)),
    tz: text('--tz <zone>', 'zone of the times that are shown: America/New_York, or exchange', { shown: 'UTC' }),
    ...API,
  },
  examples: [
    { run: 'tail 265598 -n 3', does: 'the next three ticks' },
    { run: 'tail AAPL -t last --json -n 2', does: 'the next two trades, as they are recorded' },
    { run: 'tail MNQ.front --tz America/Chicago | head -3', does: 'in the time of the exchange' },
  ],
  endsWithReader: true,
  interrupt: 'ends',
})
