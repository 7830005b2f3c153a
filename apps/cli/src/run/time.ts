import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/time.ts'
import { type Column, tableOf } from '../output/table.ts'
import { askNtp } from './ask-ntp.ts'

interface TimeStatus {
  status: string
  drift_ms: number
  bounds_ms: { low: number; high: number } | null
  streams: { contract_id: number; tick_type: string; lag_ms: number; is_off: boolean }[]
}
interface Drift {
  at: string
  kind: string
  state: string
  drift_ms: number
  reason: string
}

const NTP_WITHIN_MS = 3_000
/** A second makes ticks of one hour fall into another. */
const MOST_OFFSET_MS = 1_000

const DRIFTS: readonly Column<Drift>[] = [
  { head: 'at (UTC)', cell: ({ at }) => at.slice(0, 19) },
  { head: 'what', cell: ({ kind }) => kind },
  { head: 'state', cell: ({ state }) => state },
  { head: 'by', cell: ({ drift_ms }) => `${drift_ms.toFixed(0)} ms`, align: 'right' },
  { head: 'reason', cell: ({ reason }) => reason },
]

/** @returns the exit status: 1 where clocks differ, or a time server does not answer */
export async function run({ flags, out, signal, env }: Call<typeof command>): Promise<number> {
  const client = await openClient(flags, env)
  const ask = async <Answer>(template: string) => (await (await client.request({ template, signal })).json()) as Answer
  if (flags.history) {
    const answer = await ask<{ entries: Drift[] }>('/time/drift/history')
    if (flags.json) for (const entry of answer.entries) out.json(entry)
    else await out.write(answer.entries.length === 0 ? 'the clocks always agreed\n' : tableOf(out, DRIFTS, answer.entries))
    return 0
  }
  const servers = await Promise.all(
    flags.ntp.map((server) =>
      askNtp(server, { withinMs: NTP_WITHIN_MS, signal }).catch((error: Error) => ({ server, problem: error.message })),
    ),
  )
  const status = await ask<TimeStatus>('/time/status')
  if (flags.json) out.json({ ...status, ntp: servers })
  else {
    const bounds = status.bounds_ms ? ` (between ${status.bounds_ms.low.toFixed(0)} and ${status.bounds_ms.high.toFixed(0)} ms)` : ''
    const isWell = status.status === 'healthy' || status.status === 'unknown'
    out.line(`IB           ${out.paint(isWell ? 'green' : 'red', status.status)}, ours is ${status.drift_ms.toFixed(0)} ms ahead${bounds}`)
    for (const answer of servers) {
      if ('problem' in answer) out.line(`${answer.server}  ${out.paint('red', answer.problem)}`)
      else
        out.line(
          `${answer.server}  ours is ${answer.offsetMs.toFixed(1)} ms ahead, ± ${(answer.delayMs / 2).toFixed(1)} ms (stratum ${answer.stratum})`,
        )
    }
    for (const { contract_id, tick_type, lag_ms, is_off } of status.streams)
      out.line(`${contract_id} ${tick_type}  stamps are ${lag_ms.toFixed(0)} ms old${is_off ? out.paint('red', ': not of now') : ''}`)
  }
  const isOff = servers.some((answer) => 'problem' in answer || Math.abs(answer.offsetMs) > MOST_OFFSET_MS)
  return isOff || ['warning', 'critical'].includes(status.status) ? 1 : 0
}
