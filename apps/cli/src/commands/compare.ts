import { type Argument, defineCommand } from '../command/define-command.ts'
import { oneOf } from '../command/option.ts'
import { dataDir, json } from '../command/shared-options.ts'

const BACKENDS = ['json', 'pb', 'parquet'] as const
const backend = (name: string, doc: string): Argument<(typeof BACKENDS)[number] | undefined> => ({
  form: `[${name}]`,
  doc,
  choices: BACKENDS,
  read: oneOf(BACKENDS),
})

export const command = defineCommand({
  name: 'compare',
  group: 'files',
  summary: 'compare two backends tick by tick, in all closed hours; changes nothing',
  args: { first: backend('first', 'a backend; json unless named'), second: backend('second', 'another one; pb unless named') },
  options: { dataDir, json: json('one JSON object a line, the counts last') },
  examples: [
    { run: 'compare json pb', does: 'both hold the same ticks' },
    { run: 'compare json parquet', does: 'the archive holds what was recorded' },
  ],
  statuses: { 0: 'alike', 1: 'they differ', 2: 'it could not look' },
  interrupt: 'stops',
})
