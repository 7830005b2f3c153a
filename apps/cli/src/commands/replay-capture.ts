import { defineCommand } from '../command/define-command.ts'

export const command = defineCommand({
  name: 'replay-capture',
  group: 'service',
  summary: 'play captured frames as the gateway that they came from, so that ingest records them anew',
  passThrough: true,
  examples: [{ run: 'replay-capture --port 4010 capture', does: 'the captured frames of a folder, to the client that connects' }],
  statuses: { 0: 'all was played', 1: 'it was stopped before', 2: 'it could not begin' },
  interrupt: 'own',
})
