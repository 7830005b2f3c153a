import { resolve } from 'node:path'
import { accountsFile, makeCredentials } from '@ib-stream/bus'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/credentials.ts'
import { invalid } from './time-range.ts'

export async function run({ args, flags, out }: Call<typeof command>): Promise<void> {
  const path = resolve(args.folder)
  const made = await makeCredentials(path, {
    owner: flags.owner === undefined ? undefined : parseOwner(flags.owner),
    cluster: flags.cluster?.split(',').map((host) => host.trim()) ?? [],
  })
  out.line(`${made.length > 0 ? `new keys for ${made.join(', ')}` : 'every key is there'} in ${path}`)
  out.line(`nats-server: include ${accountsFile(path)}; services: NATS_CREDENTIALS=${path}`)
}

function parseOwner(text: string): { uid: number; gid: number } {
  const [, uid, gid] = /^(\d{1,9}):(\d{1,9})$/.exec(text) ?? []
  if (uid === undefined || gid === undefined) throw invalid('--owner', text, 'the numbers of user and group, e.g. 1000:1000')
  return { uid: Number(uid), gid: Number(gid) }
}
