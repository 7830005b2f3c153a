import { isTickType, type RecorderEvent, type TickType } from '@ib-stream/model'
import { readEventFiles, recordedUntilUs, type StreamLedger, streamLedgers } from '@ib-stream/tape'
import { dataDirOf } from '../data-dir.ts'
import { CliError } from '../errors.ts'
import { type AskedTime, invalid, type RangeFlags, rangeOf } from './time-range.ts'

export interface LedgerFlags extends RangeFlags {
  types: TickType[] | undefined
  dataDir: string | undefined
}

export interface Ledger {
  streams: StreamLedger[]
  /** Of the flags, but not before the recording began, and not after it is known. */
  range: { fromUs: number; untilUs: number }
  /** Of the times that are shown. */
  zone: AskedTime['zone']
}

/**
 * @param cid the only contract that counts
 * @throws CliError `IBS_CLI_OPTION_INVALID`, `IBS_CLI_NOTHING_RECORDED`
 */
export async function readLedgerFiles(cid: number | undefined, flags: LedgerFlags): Promise<Ledger> {
  const { types } = flags
  const { startUs, endUs, zone } = rangeOf(flags)
  const dataDir = dataDirOf(flags.dataDir)
  const knownUntilUs = await recordedUntilUs(dataDir)
  const events: RecorderEvent[] = []
  for await (const event of readEventFiles(dataDir, knownUntilUs ?? Number.POSITIVE_INFINITY)) events.push(event)
  const firstUs = events[0]?.st
  if (firstUs === undefined || knownUntilUs === undefined)
    throw new CliError('IBS_CLI_NOTHING_RECORDED', `there are no recorder events in ${dataDir}; name the recording with --data-dir`, {
      dataDir,
    })
  const streams = streamLedgers(events, knownUntilUs).filter(
    (stream) => (cid === undefined || stream.cid === cid) && isTickType(stream.tt) && (types?.includes(stream.tt) ?? true),
  )
  const range = { fromUs: startUs ?? firstUs, untilUs: Math.min(endUs, knownUntilUs) }
  if (range.fromUs >= range.untilUs) throw invalid('--start', flags.start, 'before the end of the recording')
  return { streams, range, zone }
}
