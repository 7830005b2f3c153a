import { resolve } from 'node:path'
import { accountsFile, makeCredentials } from '@ib-stream/bus'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'

/** `ib-stream credentials FOLDER`: keys for the services on the bus. */
export function registerCredentials(program: Command): void {
  program
    .command('credentials')
    .description('make a NATS key for each service, and what nats-server includes to know them; keys that are there stay')
    .argument('<folder>', 'where they lie: <folder>/<service>/nkey.seed, and <folder>/server/accounts.conf')
    .option(
      '--cluster <hosts>',
      'nats-servers that are one cluster, separated by commas: also writes <folder>/server/cluster-accounts.conf',
    )
    .option('--owner <uid:gid>', 'whose the files are; default: yours')
    .action(async (folder: string, { owner, cluster }: { owner?: string; cluster?: string }) => {
      const path = resolve(folder)
      const made = await makeCredentials(path, {
        owner: owner === undefined ? undefined : parseOwner(owner),
        cluster: cluster?.split(',').map((host) => host.trim()) ?? [],
      })
      process.stdout.write(`${made.length > 0 ? `new keys for ${made.join(', ')}` : 'every key is there'} in ${path}\n`)
      process.stdout.write(`nats-server: include ${accountsFile(path)}; services: NATS_CREDENTIALS=${path}\n`)
    })
}

function parseOwner(text: string): { uid: number; gid: number } {
  const [, uid, gid] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? []
  if (uid === undefined || gid === undefined)
    throw new CliError('IBS_CLI_OPTION_INVALID', `--owner ${text}: give the numbers of user and group, e.g. 1000:1000`, { owner: text })
  return { uid: Number(uid), gid: Number(gid) }
}
