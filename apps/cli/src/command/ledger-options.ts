import { dataDir, json, optionalContract, RANGE, types } from './shared-options.ts'

/** What commands about the ledger have in common. */
export const LEDGER = {
  args: { contract: optionalContract },
  options: {
    types: types('all'),
    ...RANGE,
    last: { ...RANGE.last, shown: 'all that was recorded' },
    dataDir,
    json: json('one JSON object a line, times in µs'),
  },
} as const
