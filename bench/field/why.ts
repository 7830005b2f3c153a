import type { Asked } from './result.ts'

/** Why a peer wins where one does. */
export const WHY: Record<Asked, string> = {
  size: 'ours keep every field of the format, with the request id, for readers that know nothing of us',
  load: 'import checks every record against the format, holds it to what is there already, and makes its files crash-safe with manifests; the others copy a clean CSV',
  minute:
    'they answer in the process of the asker; ours over HTTP is a request to another process, and its SQL opens a file for each question',
  hour: 'an hour in the asker’s memory costs no encoding, no socket and no decoding',
  scan: 'a sum of a column is what a column store is for; over HTTP every quote goes to the client, and our SQL unpacks zstd and deltas where DuckDB’s own file is hardly packed',
  bars: 'the same: columns that lie ready against packed ones, or against a service that reads whole ticks',
  asOf: 'a key that is a tree goes to the quote in microseconds; ours reads the block around the moment, and the answer crosses HTTP',
  join: 'both sides lie sorted in memory; ours sends every pair as JSON, or unpacks both files first',
  last: 'a tree is read from its end; ours unpacks the last group of rows',
  replay: 'rows from a file in the asker’s process are neither encoded nor sent',
}
