import { resolve } from 'node:path'
import type { Call } from '../command/define-command.ts'
import type * as commands from '../commands/keys.ts'
import { loadDotEnv } from '../data-dir.ts'
import { addKey, listKeys, revokeKey, rotateKey } from '../keys/edit-keys.ts'
import type { Output } from '../output/output.ts'
import { tableOf } from '../output/table.ts'
import { ROOT } from '../root.ts'
import { invalid } from './time-range.ts'

/** @throws CliError `IBS_CLI_OPTION_INVALID` */
function pathOf(option: string | undefined): string {
  if (option !== undefined) return resolve(option)
  loadDotEnv()
  const { API_KEYS_FILE: set } = process.env
  if (set) return resolve(ROOT, set)
  throw invalid('--file', '', 'the file of keys, as API_KEYS_FILE will name it')
}

export async function list({ flags, out }: Call<typeof commands.list>): Promise<void> {
  const keys = listKeys(pathOf(flags.file))
  if (flags.json) for (const key of keys) out.json(key)
  else if (keys.length === 0) out.line('no keys; make one with "ib-stream keys add"')
  else
    await out.write(
      tableOf(
        out,
        [
          { head: 'name', cell: ({ name }) => name },
          { head: 'scope', cell: ({ scope }) => scope, style: ({ scope }) => (scope === 'admin' ? 'yellow' : undefined) },
        ],
        keys,
      ),
    )
}

export async function add({ args, flags, out }: Call<typeof commands.add>): Promise<void> {
  const path = pathOf(flags.file)
  show(out, addKey(path, { name: args.name, scope: flags.scope }), path)
}

export async function rotate({ args, flags, out }: Call<typeof commands.rotate>): Promise<void> {
  const path = pathOf(flags.file)
  show(out, rotateKey(path, args.name), path)
}

export async function remove({ args, flags, out }: Call<typeof commands.remove>): Promise<void> {
  revokeKey(pathOf(flags.file), args.name)
  out.line(`${args.name} may ask no longer`)
}

/** The key alone is data, so that a script can take it. */
function show(out: Output, key: string, path: string): void {
  out.line(key)
  out.say(`keep it now: only its hash is in ${path}. Ask with it: curl -H "Authorization: Bearer …", or IB_STREAM_API_KEY`)
}
