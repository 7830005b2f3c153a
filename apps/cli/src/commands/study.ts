import { defineCommand } from '../command/define-command.ts'
import { flag, optionalArgument, text, texts, wordOr } from '../command/option.ts'
import { API, json, SESSION_RANGE } from '../command/shared-options.ts'

export const RESETS = ['none', 'regular', 'full'] as const

export const command = defineCommand({
  name: 'study',
  group: 'ticks',
  summary: 'a study (delta, vwap, bollinger …) over a range or live; without a contract: which there are',
  args: {
    contract: optionalArgument('contract', 'contract id or name'),
    study: optionalArgument('study', 'name of the study', {
      choices: ['bars', 'bollinger', 'delta', 'order_flow_imbalance', 'passthrough', 'spread', 'true_delta', 'volume_profile', 'vwap'],
    }),
  },
  options: {
    parameter: texts('-p, --parameter <name=value>', 'a parameter of the study, e.g. window_seconds=60; may be repeated'),
    reset: wordOr('--reset <hours>', 'begin anew with each session of these hours', RESETS, 'none'),
    ...SESSION_RANGE,
    last: { ...SESSION_RANGE.last, shown: '1h' },
    live: flag('--live', 'go on live after the history, until Ctrl-C'),
    timeout: text('--timeout <duration>', 'end a live study after this time: 90s, 1h'),
    json: json('one JSON object a line'),
    output: text('-o, --output <file>', 'write to a file', { completes: 'file' }),
    ...API,
  },
  examples: [
    { run: 'study', does: 'which studies there are, with their parameters' },
    { run: 'study 265598 delta -p window_seconds=60 -p every_seconds=10 --last 10m', does: 'bought less sold volume' },
    { run: 'study AAPL vwap -p std_dev=3 -p every_seconds=60 --last 1h --json', does: 'VWAP with bands, for a program' },
    { run: 'study 265598 bollinger -p period_seconds=60 --last 5m --live --timeout 2s', does: 'history, then live' },
  ],
  statuses: { 1: 'the answer broke off: what was written is incomplete' },
  endsWithReader: true,
  interrupt: 'ends',
})
