import { type LedgerGap, leftOf, type StreamLedger } from '@ib-stream/tape'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/gaps.ts'
import type { Output } from '../output/output.ts'
import { type Column, tableOf } from '../output/table.ts'
import { durationText, localText } from '../output/units-text.ts'
import { contractIdOf } from './contract-id.ts'
import { type Ledger, readLedgerFiles } from './ledger.ts'

interface Row {
  stream: StreamLedger
  gap: LedgerGap
}

export async function run({ args, flags, out, signal }: Call<typeof command>): Promise<void> {
  const cid = args.contract === undefined ? undefined : await contractIdOf(args.contract, { nats: undefined, signal })
  const { streams, range, zone } = await readLedgerFiles(cid, flags)
  const gaps = streams
    .flatMap((stream) => stream.gaps.map((gap) => ({ stream, gap })))
    .filter(({ gap }) => gap.fromUs < range.untilUs && gap.untilUs > range.fromUs && (!flags.unfilled || leftOf(gap).length > 0))
    .sort((a, b) => a.gap.fromUs - b.gap.fromUs)
  await out.write(flags.json ? gaps.map(jsonOf).join('') : textOf(out, gaps, zone))
}

function jsonOf({ stream: { cid, tt }, gap: { fromUs, untilUs, isOpen, cause, code, reason, fill } }: Row): string {
  const filled = fill && { state: fill.state, ticks: fill.ticks, filledFromUs: fill.filledFromUs, reason: fill.reason, lacks: fill.lacks }
  return `${JSON.stringify({ cid, tt, fromUs, untilUs, open: isOpen, cause, code, reason, fill: filled })}\n`
}

function textOf(out: Output, rows: readonly Row[], zone: Ledger['zone']): string {
  if (rows.length === 0) return 'no gaps\n'
  const columns: Column<Row>[] = [
    { head: `from (${zone.iana})`, cell: ({ gap }) => localText(gap.fromUs, zone) },
    { head: 'length', cell: ({ gap }) => `${durationText(gap.untilUs - gap.fromUs)}${gap.isOpen ? '…' : ''}`, align: 'right' },
    { head: 'contract', cell: ({ stream }) => String(stream.cid), align: 'right' },
    { head: 'type', cell: ({ stream }) => stream.tt },
    { head: 'cause', cell: ({ gap }) => gap.cause, style: () => 'yellow' },
    {
      head: 'filled',
      cell: ({ gap }) => fillText(gap, zone),
      style: ({ gap }) => (gap.fill?.state === 'filled' ? 'green' : gap.isOpen ? 'red' : undefined),
    },
    { head: 'reason', cell: ({ gap }) => (gap.code === undefined ? gap.reason : `${gap.reason} (${gap.code})`) },
  ]
  return tableOf(out, columns, rows)
}

function fillText({ isOpen, fill }: LedgerGap, zone: Ledger['zone']): string {
  if (isOpen) return 'goes on'
  if (!fill) return 'not yet'
  if (fill.state === 'unavailable') return `no: ${fill.reason ?? ''}`
  const much = fill.state === 'partly' ? `from ${localText(fill.filledFromUs ?? 0, zone).slice(11)}` : 'yes'
  return `${much}, ${fill.ticks} ticks${fill.lacks ? `, without ${fill.lacks}` : ''}`
}
