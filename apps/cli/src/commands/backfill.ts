import { defineCommand } from '../command/define-command.ts'
import { contract, json, nats, RANGE, types } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'backfill',
  group: 'truth',
  summary: "fill a past range from IB's historical ticks; ingest does it, and goes on when you leave",
  args: { contract },
  options: { types: types('bid_ask,last'), ...RANGE, nats, json: json('every reply of ingest as JSON') },
  examples: [{ run: 'backfill 265598 -t last --last 1m', does: 'trades of the last minute that are not recorded' }],
  statuses: { 0: 'all that IB has is recorded', 1: 'something is not, with the reason' },
  interrupt: 'stops',
  whenStopped: 'left; ingest goes on filling',
})
