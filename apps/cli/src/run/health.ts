import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/health.ts'
import type { Style } from '../output/output.ts'
import { type Column, tableOf } from '../output/table.ts'
import { countText } from '../output/units-text.ts'

interface SystemHealth {
  system_status: string
  recording: string | null
  services: Record<string, { replicas: number; state: string }>
  issues: { status: string; about: string; text: string }[]
}
interface Stream {
  contract_id: number
  symbol: string
  tick_type: string
  health: string
  reason: string | null
  subscription: string
  market: string
  ticks: number
  last_tick: string | null
}

const STYLES: Readonly<Record<string, Style>> = {
  healthy: 'green',
  ok: 'green',
  sharing: 'green', // writers
  keeping: 'green', // the keeper
  off_hours: 'dim',
  unknown: 'dim',
  warning: 'yellow',
  degraded: 'red',
  unhealthy: 'red',
}
const styleOf = (word: string): Style => STYLES[word] ?? 'yellow'

const STREAMS: readonly Column<Stream>[] = [
  { head: 'contract', cell: ({ contract_id }) => String(contract_id), align: 'right' },
  { head: 'symbol', cell: ({ symbol }) => symbol },
  { head: 'type', cell: ({ tick_type }) => tick_type },
  { head: 'is', cell: ({ health }) => health, style: ({ health }) => styleOf(health) },
  { head: 'market', cell: ({ market }) => market },
  { head: 'ticks', cell: ({ ticks }) => countText(ticks), align: 'right' },
  { head: 'last (UTC)', cell: ({ last_tick }) => last_tick?.slice(11, 23) ?? '–' },
  { head: '', cell: ({ reason }) => reason ?? '' },
]

/** @returns the exit status: 1 where something is degraded */
export async function run({ flags, out, signal, env }: Call<typeof command>): Promise<number> {
  const client = await openClient(flags, env)
  const ask = async <Answer>(template: string) => (await (await client.request({ template, signal })).json()) as Answer
  const system = await ask<SystemHealth>('/system/health')
  const status = system.system_status === 'degraded' ? 1 : 0
  if (flags.quiet) return status
  const { streams } = system.recording === null ? { streams: [] } : await ask<{ streams: Stream[] }>('/health/streams')
  if (flags.json) {
    out.json({ ...system, streams })
    return status
  }
  const services = Object.entries(system.services).map(([name, { replicas, state }]) => {
    return `${name} ${out.paint(styleOf(state), state)}${replicas === 1 ? '' : ` × ${replicas}`}`
  })
  out.line(`${out.paint(styleOf(system.system_status), out.paint('bold', system.system_status))}   ${services.join(', ')}`)
  for (const { status: word, about, text } of system.issues) out.line(`${out.paint(styleOf(word), word.padEnd(9))} ${about}: ${text}`)
  if (streams.length > 0) await out.write(tableOf(out, STREAMS, streams))
  return status
}
