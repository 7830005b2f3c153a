import { defineCommand } from '../command/define-command.ts'
import { json } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'doctor',
  group: 'service',
  summary: 'look at everything that recording needs, and say what to do',
  options: { json: json('one JSON object a line for each finding') },
  examples: [{ run: 'doctor', does: 'gateway, market data, lines, clock, disk, NATS, time zones, permissions' }],
  statuses: { 0: 'nothing is in the way', 1: 'something fails; its line says what to do' },
  interrupt: 'stops',
})
