import { defineCommand } from '../command/define-command.ts'
import { flag, text } from '../command/option.ts'
import { dataDir, json, nats } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'retention',
  group: 'files',
  summary: 'take away what is older, or more, than is kept of a backend; where writers run, they do it',
  options: {
    dataDir,
    keep: text('--keep <limits>', 'how much of each backend is kept: age (h, d), share of the disk (%), or both', {
      shown: 'IB_STREAM_RETENTION',
    }),
    offline: flag('--offline', 'only while no writer runs; it is checked'),
    nats,
    unconfirmed: flag('--unconfirmed', 'take hours too that no longer-kept backend is known to hold: their ticks are gone then'),
    dryRun: flag('--dry-run', 'decide everything, remove nothing'),
    json: json('one JSON object a day, the counts last'),
  },
  examples: [
    { run: "retention --keep 'json:7d;20%' --dry-run", does: 'what would go of the JSON files' },
    { run: 'retention', does: 'what IB_STREAM_RETENTION says; the keeper does it each hour by itself' },
  ],
  statuses: {
    0: 'what was due is gone',
    1: 'something other than open hours stays',
    2: 'it could not begin, or a partition could not be worked on',
  },
  interrupt: 'stops',
  whenStopped: 'stopped; the same command goes on',
})
