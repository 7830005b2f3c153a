import { defineCommand } from '../command/define-command.ts'
import { LEDGER } from '../command/ledger-options.ts'
import { wordOr } from '../command/option.ts'
import { nats } from '../command/shared-options.ts'

export const HOURS = ['regular', 'full', 'always'] as const

export const command = defineCommand({
  name: 'coverage',
  group: 'truth',
  summary: 'how much of each session was recorded with certainty, in %',
  args: LEDGER.args,
  options: {
    ...LEDGER.options,
    hours: wordOr('--hours <kind>', 'which hours count', HOURS, 'full'),
    nats,
  },
  examples: [
    { run: 'coverage', does: 'each session of each contract' },
    { run: 'coverage AAPL --hours regular --last 1w', does: 'the regular sessions of a week' },
  ],
  endsWithReader: true,
  interrupt: 'stops',
})
