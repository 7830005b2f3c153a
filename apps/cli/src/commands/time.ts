import { defineCommand } from '../command/define-command.ts'
import { flag, texts } from '../command/option.ts'
import { API, json } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'time',
  group: 'truth',
  summary: "this machine's clock against IB's and against time servers, and how old the stamps of each stream are",
  options: {
    ntp: texts('--ntp <server>', 'ask a time server (host or host:port), e.g. pool.ntp.org; may be repeated'),
    history: flag('--history', 'when clocks went apart or agreed again'),
    json: json('JSON for programs'),
    ...API,
  },
  examples: [
    { run: 'time', does: "our clock against IB's" },
    { run: 'time --history', does: 'what happened to it' },
  ],
  statuses: { 0: 'the clocks agree', 1: 'they differ, or a time server does not answer' },
  interrupt: 'stops',
})
