import { defineCommand } from '../command/define-command.ts'
import { LEDGER } from '../command/ledger-options.ts'
import { flag } from '../command/option.ts'

export const command = defineCommand({
  name: 'gaps',
  group: 'truth',
  summary: 'times in which ticks may be missing, why, and whether they were filled',
  args: LEDGER.args,
  options: { ...LEDGER.options, unfilled: flag('--unfilled', 'only those that are not filled, or not wholly') },
  examples: [
    { run: 'gaps', does: 'all that there are' },
    { run: 'gaps 265598 --last 1d --unfilled --json', does: 'what is missing of a day, for a program' },
  ],
  endsWithReader: true,
  interrupt: 'stops',
})
