import { defineCommand } from '../command/define-command.ts'
import { manyArguments, value, valueOr, wholeNumber } from '../command/option.ts'
import { API, json, SESSION_RANGE, types } from '../command/shared-options.ts'

/** @throws a sentence about the form */
function readSpeed(text: string): number | 'max' {
  if (text === 'max') return text
  const speed = Number(text)
  if (speed >= 0.1 && speed <= 1_000) return speed
  throw new Error('a number from 0.1 to 1000, or max')
}

export const command = defineCommand({
  name: 'replay',
  group: 'ticks',
  summary: 'recorded ticks at the pace at which they came, of several contracts in one order of time',
  args: { contracts: manyArguments('contract', 'contract ids or names') },
  options: {
    types: types('bid_ask,last'),
    ...SESSION_RANGE,
    last: { ...SESSION_RANGE.last, shown: '1h' },
    speed: valueOr('--speed <factor>', 'recorded seconds in a real one, 0.1 to 1000, or max: as fast as it is read', readSpeed, {
      fallback: 1,
    }),
    json: json('one JSON object a line, as recorded'),
    number: value('-n, --number <count>', 'end after so many ticks', wholeNumber(1)),
    ...API,
  },
  examples: [
    { run: 'replay 265598 MNQ.front --last 1m --speed 10', does: 'the last minute in six seconds' },
    { run: 'replay 265598 --start midnight --speed max --json -n 100 | tail -1', does: 'as a file, as fast as it can be read' },
  ],
  endsWithReader: true,
  interrupt: 'ends',
})
