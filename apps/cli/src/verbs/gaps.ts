import { isoFromUs } from '@ib-stream/model'
import { type LedgerGap, leftOf, type StreamLedger } from '@ib-stream/tape'
import type { Command } from 'commander'
import { type LedgerFlags, readLedgerFiles, withLedger } from './ledger.ts'
import { durationText, tableOf } from './table.ts'

interface GapsFlags extends LedgerFlags {
  unfilled?: true
}

/** Adds `ib-stream gaps`. */
export function registerGaps(program: Command): void {
  withLedger(program.command('gaps').description('times in which ticks may be missing, why, and whether they were filled'))
    .option('--unfilled', 'only those that are not filled')
    .action(async (contract: string | undefined, flags: GapsFlags) => {
      process.exitCode = await runGaps(contract, flags)
    })
}

/** @returns the exit status: 0 told, 2 it could not be */
async function runGaps(contract: string | undefined, flags: GapsFlags): Promise<number> {
  try {
    const { streams, range } = await readLedgerFiles(contract, flags)
    const gaps = streams
      .flatMap((stream) => stream.gaps.map((gap) => ({ stream, gap })))
      .filter(({ gap }) => gap.fromUs < range.untilUs && gap.untilUs > range.fromUs && (!flags.unfilled || leftOf(gap).length > 0))
      .sort((a, b) => a.gap.fromUs - b.gap.fromUs)
    process.stdout.write(flags.json ? gaps.map(jsonOf).join('') : textOf(gaps))
    return 0
  } catch (error) {
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}

interface Row {
  stream: StreamLedger
  gap: LedgerGap
}

function jsonOf({ stream: { cid, tt }, gap: { fromUs, untilUs, isOpen, cause, code, reason, fill } }: Row): string {
  const filled = fill && { state: fill.state, ticks: fill.ticks, filledFromUs: fill.filledFromUs, reason: fill.reason, lacks: fill.lacks }
  return `${JSON.stringify({ cid, tt, fromUs, untilUs, open: isOpen, cause, code, reason, fill: filled })}\n`
}

function textOf(rows: readonly Row[]): string {
  if (rows.length === 0) return 'no gaps\n'
  const head = ['from (UTC)', 'length', 'contract', 'type', 'cause', 'filled', 'reason']
  const cells = rows.map(({ stream: { cid, tt }, gap }) => [
    isoFromUs(gap.fromUs).slice(0, 19),
    `${durationText(gap.untilUs - gap.fromUs)}${gap.isOpen ? '…' : ''}`,
    String(cid),
    tt,
    gap.cause,
    fillText(gap),
    gap.code === undefined ? gap.reason : `${gap.reason} (${gap.code})`,
  ])
  return tableOf(head, cells, new Set(['length', 'contract']))
}

function fillText({ isOpen, fill }: LedgerGap): string {
  if (isOpen) return 'goes on'
  if (!fill) return 'not yet'
  if (fill.state === 'unavailable') return `no: ${fill.reason ?? ''}`
  return `${fill.state === 'partly' ? `from ${isoFromUs(fill.filledFromUs ?? 0).slice(11, 19)}` : 'yes'}, ${fill.ticks} ticks${fill.lacks ? `, without ${fill.lacks}` : ''}`
}
