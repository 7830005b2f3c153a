import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/tail.ts'
import { printTicks, tellEvents } from './print-ticks.ts'
import { shownZone } from './shown-zone.ts'

/** Prints until Ctrl-C, until the reader of the pipe has enough, or until `-n` ticks came. */
export async function run({ args, flags, out, signal, env }: Call<typeof command>): Promise<void> {
  const client = await openClient(flags, env)
  const zone = await shownZone(client, args.contract, flags.tz, signal)
  const tickTypes = flags.types ?? ['bid_ask', 'last']
  const ticks = client.stream({ cid: args.contract, tickTypes, limit: flags.number, onEvent: tellEvents(out), signal })
  await printTicks(ticks, { out, json: flags.json, most: flags.number, lines: { zone, out } })
}
