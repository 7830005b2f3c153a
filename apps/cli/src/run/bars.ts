import type { Bar } from '@ib-stream/client'
import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/bars.ts'
import { localText } from '../output/units-text.ts'
import { printOutputs } from './print-outputs.ts'
import { shownZone } from './shown-zone.ts'

/** Rows are given as they come, so nothing is known of the widest cell: a space stands before each in any case. */
const WIDTHS = [10, 10, 10, 10, 13, 10, 7] as const
const HEADS = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'trades'] as const

export async function run(call: Call<typeof command>): Promise<number> {
  const { args, flags, out, signal, env } = call
  const { interval, of, trades, reset } = flags
  const client = await openClient(flags, env)
  const zone = await shownZone(client, args.contract, flags.tz, signal)
  const row = (head: string, cells: readonly string[]) => `${head}${cells.map((cell, i) => ` ${cell.padStart(WIDTHS[i] ?? 0)}`).join('')}`
  return await printOutputs(call, {
    ...{ client, contract: args.contract, study: 'bars' },
    parameters: { interval, of, trades, reset },
    head: out.paint('bold', row(`from (${zone.iana})`.padEnd(19), HEADS)),
    lineOf: (record) => {
      const bar = record as Bar
      const cells = [bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap === null ? null : round(bar.vwap), bar.trade_count]
      const line = row(
        localText(bar.ts, zone),
        cells.map((cell) => String(cell ?? '–')),
      )
      const style = bar.close >= bar.open ? 'green' : 'red'
      return `${out.paint(style, line)}${bar.complete ? '' : ' …'}`
    },
  })
}

/** Prices have at most six places. */
const round = (price: number): number => Math.round(price * 1e4) / 1e4
