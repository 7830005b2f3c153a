import { defineCommand } from '../command/define-command.ts'
import { flag, text, textOr, wordOr } from '../command/option.ts'
import { API, contract, json, SESSION_RANGE } from '../command/shared-options.ts'
import { RESETS } from './study.ts'

export const command = defineCommand({
  name: 'bars',
  group: 'ticks',
  summary: 'bars by time, ticks or volume, of trades or of the mid, over a range or live',
  args: { contract },
  options: {
    interval: textOr('-i, --interval <length>', '30s, 1m, 4h, 1d; 500t (prices); 10000v (volume)', '1m'),
    of: wordOr('--of <prices>', 'what the prices are of', ['trades', 'mid', 'mid_point'], 'trades'),
    trades: wordOr('--trades <type>', 'which trades', ['last', 'all_last'], 'last'),
    reset: wordOr('--reset <hours>', 'bars end with each session of these hours', RESETS, 'none'),
    ...SESSION_RANGE,
    last: { ...SESSION_RANGE.last, shown: '1h' },
    live: flag('--live', 'go on live after the history, until Ctrl-C'),
    timeout: text('--timeout <duration>', 'end live bars after this time: 90s, 1h'),
    json: json('one JSON object a line'),
    output: text('-o, --output <file>', 'write to a file', { completes: 'file' }),
    ...API,
  },
  examples: [
    { run: 'bars 265598 --last 10m', does: 'minutes of trades' },
    { run: 'bars MNQ.front -i 30s --of mid --start midnight --tz exchange', does: 'of the mid, since midnight at the exchange' },
    { run: 'bars AAPL -i 500t --last 1h --json -o bars.ndjson', does: '500 trades each, to a file' },
  ],
  statuses: { 1: 'the answer broke off: what was written is incomplete' },
  endsWithReader: true,
  interrupt: 'ends',
})
