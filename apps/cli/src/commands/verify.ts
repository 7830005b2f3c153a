import { defineCommand } from '../command/define-command.ts'
import { dataDir, json } from '../command/shared-options.ts'

export const command = defineCommand({
  name: 'verify',
  group: 'files',
  summary: 'hold every recorded file to its checksum; works beside running writers and changes nothing',
  options: { dataDir, json: json('one JSON object a line, the counts last') },
  examples: [
    { run: 'verify', does: 'the recording of this installation' },
    { run: 'verify -d data --json', does: 'another one, for a program' },
  ],
  statuses: { 0: 'clean', 1: 'damaged', 2: 'nothing to look at, or something could not be read and nothing damaged was found' },
  interrupt: 'stops',
})
