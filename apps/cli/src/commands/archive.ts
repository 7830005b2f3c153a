import { defineCommand } from '../command/define-command.ts'
import { flag } from '../command/option.ts'
import { dataDir, json, optionalContract, RANGE, types } from '../command/shared-options.ts'

export const status = defineCommand({
  name: 'archive status',
  group: 'files',
  summary: 'which sealed days are in object storage, whether their copies are sound, and what failed last',
  options: {
    dataDir,
    verify: flag('--verify', 'read every copy and hold it to its SHA-256; else by size and etag'),
    json: json('one JSON object a date, the counts last'),
  },
  examples: [
    { run: 'archive status', does: 'dates, bytes, and the last error of the keeper' },
    { run: 'archive status --verify --json', does: 'read everything back, for a program' },
  ],
  statuses: {
    0: 'all copies are sound and the keeper has no trouble',
    1: 'a copy is damaged or gone, a record or a copy could not be read, or the last run of the keeper failed',
  },
  endsWithReader: true,
  interrupt: 'stops',
})

export const fetch = defineCommand({
  name: 'archive fetch',
  group: 'files',
  summary: 'bring archived days into the data folder; whatever whole files of a day are there stay',
  args: { contract: optionalContract },
  options: {
    types: types('all'),
    ...RANGE,
    last: { ...RANGE.last, shown: 'all that is archived' },
    dataDir,
    json: json('one JSON object a day, the counts last'),
  },
  examples: [
    { run: 'archive fetch 265598 --last 30d', does: 'a month of one contract' },
    {
      run: 'archive fetch --start 2025-07-30T00:00Z --end 2025-07-31T00:00Z -d restored',
      does: 'one day of everything, to a folder of its own',
    },
  ],
  statuses: {
    0: 'the days are here',
    1: 'nothing is archived of it',
    2: 'it could not begin, or something could not be fetched; the rest was',
  },
  interrupt: 'stops',
  whenStopped: 'stopped; days that are here are whole, and the same command goes on',
})
