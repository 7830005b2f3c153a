import { defineCommand } from '../command/define-command.ts'

export const command = defineCommand({
  name: 'gateway-sim',
  group: 'service',
  summary: 'run the gateway simulator alone; its own --help lists the flags',
  passThrough: true,
  examples: [
    { run: 'gateway-sim --help', does: 'its flags' },
    { run: 'gateway-sim --port 4010 --seed 7', does: 'a gateway on port 4010' },
  ],
  statuses: { 1: 'it cannot start, or the tape failed with --exit-at-end', 2: 'a flag or the recording is wrong' },
  interrupt: 'own',
})
