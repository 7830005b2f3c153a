import { defineCommand } from '../command/define-command.ts'
import { argument, text } from '../command/option.ts'

export const command = defineCommand({
  name: 'credentials',
  group: 'service',
  summary: 'make a NATS key for each service, and what nats-server includes to know them; keys that are there stay',
  args: {
    folder: argument('folder', 'where they lie: <folder>/<service>/nkey.seed, and <folder>/server/accounts.conf', { completes: 'folder' }),
  },
  options: {
    cluster: text(
      '--cluster <hosts>',
      'nats-servers that are one cluster, separated by commas: also writes <folder>/server/cluster-accounts.conf',
    ),
    owner: text('--owner <uid:gid>', 'whose the files are', { shown: 'yours' }),
  },
  examples: [{ run: 'credentials bus-keys', does: 'keys in the folder bus-keys' }],
  interrupt: 'stops',
})
