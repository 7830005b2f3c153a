import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type * as commands from '../commands/tracked.ts'
import { type Column, tableOf } from '../output/table.ts'

interface Tracked {
  name: string
  symbol: string
  tick_types: string[]
  contract_id: number | null
}

const COLUMNS: readonly Column<Tracked>[] = [
  { head: 'name', cell: ({ name }) => name, style: () => 'cyan' },
  { head: 'id now', cell: ({ contract_id }) => String(contract_id ?? '–'), align: 'right' },
  { head: 'symbol', cell: ({ symbol }) => symbol },
  { head: 'tick types', cell: ({ tick_types }) => tick_types.join(', ') },
]
const ONE = '/v3/tracked/{cid}'

export async function list({ flags, out, signal, env }: Call<typeof commands.list>): Promise<void> {
  const client = await openClient(flags, env)
  const answer = (await (await client.request({ template: '/v3/tracked', signal })).json()) as { contracts: Tracked[] }
  if (flags.json) out.json(answer)
  else
    await out.write(
      answer.contracts.length === 0
        ? 'nothing is tracked; add something with "ib-stream tracked add"\n'
        : tableOf(out, COLUMNS, answer.contracts),
    )
}

export async function add({ args, flags, out, signal, env }: Call<typeof commands.add>): Promise<void> {
  const client = await openClient(flags, env)
  const body = { tick_types: flags.types ?? ['bid_ask', 'last'], symbol: flags.symbol }
  const response = await client.request({ template: ONE, path: { cid: args.contract }, method: 'PUT', body, signal })
  const answer = (await response.json()) as Tracked
  const how = response.status === 201 ? 'is recorded from now on' : 'was on the list, and is as this says now'
  if (flags.json) out.json(answer)
  else out.line(`${answer.name} (${answer.contract_id ?? 'looked up later'}) ${how}: ${answer.tick_types.join(', ')}`)
}

export async function remove({ args, flags, out, signal, env }: Call<typeof commands.remove>): Promise<void> {
  const client = await openClient(flags, env)
  await client.request({ template: ONE, path: { cid: args.contract }, method: 'DELETE', signal })
  out.line(`${args.contract} is on the list no longer; what was recorded stays`)
}
