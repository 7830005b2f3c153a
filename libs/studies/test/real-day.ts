import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { TickMessage } from '@ib-stream/model'
import { hasRealDay, REAL_DAY } from '../../../test/support/tape-source.ts'
import { madeUpDay } from './ticks.ts'

/** The real day where it lies beside the checkout, else a made-up one, in query order; trades are `last`. */
export function aDay(): readonly TickMessage[] {
  if (!hasRealDay) return madeUpDay(50_000)
  const lines = gunzipSync(readFileSync(REAL_DAY)).toString().trim().split('\n')
  return lines.map((line) => JSON.parse(line.replace('"all_last"', '"last"')) as TickMessage)
}
