import { isTickType, type RecorderEvent } from '@ib-stream/model'
import { readEventFiles, recordedUntilUs, type StreamLedger, streamLedgers } from '@ib-stream/tape'
import type { Command } from 'commander'
import { dataDirOf, withDataDir } from '../data-dir.ts'
import { CliError } from '../errors.ts'
import { chosenTypes } from './chosen-types.ts'
import { invalid, type RangeFlags, rangeOf, withRange } from './time-range.ts'

export interface LedgerFlags extends RangeFlags {
  types?: string
  dataDir?: string
  json?: true
}

/** Adds what verbs about the ledger have in common. */
export function withLedger(command: Command): Command {
  return withDataDir(withRange(command, 'length of the range: 1h, 2h30m, 1d (default: all that was recorded)'))
    .argument('[contract]', 'IB contract id; default: all')
    .option('-t, --types <list>', 'tick types, separated by commas (default: all)')
    .option('-j, --json', 'one JSON object a line')
}

export interface Ledger {
  streams: StreamLedger[]
  /** Of the flags, but not before the recording began, and not after it is known. */
  range: { fromUs: number; untilUs: number }
}

/** @throws CliError `IBS_CLI_OPTION_INVALID`, `IBS_CLI_NOTHING_RECORDED` */
export async function readLedgerFiles(contract: string | undefined, flags: LedgerFlags): Promise<Ledger> {
  if (contract !== undefined && !/^\d{1,10}$/.test(contract)) throw invalid('contract', contract, 'an IB contract id')
  const types = flags.types === undefined ? undefined : chosenTypes(flags.types)
  const { startUs, endUs } = rangeOf(flags)
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
    ({ cid, tt }) => (contract === undefined || cid === Number(contract)) && isTickType(tt) && (types?.includes(tt) ?? true),
  )
  const range = { fromUs: startUs ?? firstUs, untilUs: Math.min(endUs, knownUntilUs) }
  if (range.fromUs >= range.untilUs) throw invalid('--start', flags.start, 'before the end of the recording')
  return { streams, range }
}
