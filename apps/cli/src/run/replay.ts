import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/replay.ts'
import { printTicks, tellEvents } from './print-ticks.ts'
import { shownZone } from './shown-zone.ts'

export async function run({ args, flags, out, signal, env }: Call<typeof command>): Promise<void> {
  const client = await openClient(flags, env)
  const { start: from, end: to, last: duration, session, hours, tz, speed } = flags
  const zone = await shownZone(client, args.contracts[0] ?? '', tz, signal)
  const ticks = client.replay({
    cid: args.contracts,
    tickTypes: flags.types ?? ['bid_ask', 'last'],
    ...{ from, to, duration, session, hours, tz, speed },
    onEvent: tellEvents(out),
    signal,
  })
  await printTicks(ticks, { out, json: flags.json, most: flags.number, lines: { zone, withDay: true, out } })
}
