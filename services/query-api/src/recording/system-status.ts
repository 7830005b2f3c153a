import type { ServiceState } from '@ib-stream/bus'
import type { HealthWord, RecordingHealth } from '@ib-stream/model'
import { z } from 'zod'
import type { ServerDeps } from '../server-deps.ts'
import { recordingNow, servicesSay } from './ask-services.ts'
import { backendStatuses, logNow } from './backend-status.ts'
import { timeStatusOf } from './time-status.ts'

export const SYSTEM_WORDS = ['healthy', 'warning', 'degraded'] as const
export type SystemWord = (typeof SYSTEM_WORDS)[number]

export interface Issue {
  /** `degraded`: ticks are missing or may be soon; `warning`: somebody should look. */
  word: Exclude<SystemWord, 'healthy'>
  about: string
  text: string
}

export interface SystemStatus {
  word: SystemWord
  services: Record<string, { replicas: number; state: string }>
  /** Undefined where ingest does not answer. */
  recording: RecordingHealth | undefined
  issues: Issue[]
}

/** What becomes of the whole when one stream's health is this. */
const OF_RECORDING: Record<HealthWord, SystemWord> = {
  healthy: 'healthy',
  off_hours: 'healthy',
  unknown: 'warning',
  degraded: 'degraded',
  unhealthy: 'degraded',
}

/** Whether ticks come, or the calendar says that none should. */
export const dataFlows = (recording: RecordingHealth | undefined): boolean =>
  recording !== undefined && OF_RECORDING[recording.health] !== 'degraded'

const saidByKeeper = z.object({ state: z.string(), alerts: z.array(z.object({ alert: z.string(), summary: z.string() })) })
const saidByWriter = z.object({ state: z.string(), failed: z.record(z.string(), z.string()) })

/** Everything at once, for somebody who watches from outside. */
export async function systemStatus(deps: Pick<ServerDeps, 'live' | 'backends' | 'dataDir' | 'health'>): Promise<SystemStatus> {
  const [services, recording, log] = await Promise.all([servicesSay(deps), recordingNow(deps), logNow(deps)])
  const own = deps.health()
  const issues: Issue[] = Object.entries(own.parts).flatMap(([part, { ready, state }]) =>
    ready ? [] : [{ word: 'degraded', about: 'query-api', text: `${part}: ${state}` }],
  )
  const found: SystemStatus['services'] = { 'query-api': { replicas: 1, state: own.state } }
  for (const [name, replicas] of Map.groupBy(services ?? [], (service) => service.name))
    found[name] = { replicas: replicas.length, state: [...new Set(replicas.map(wordOf))].join(', ') }
  if (services) issues.push(...ofIngest(recording), ...ofKeeper(services), ...services.flatMap(ofWriter))
  for (const { backend, state, lagSeconds = 0 } of await backendStatuses(deps, log))
    if (state !== 'current' && state !== 'empty' && state !== 'unknown')
      issues.push({
        word: 'degraded',
        about: `storage ${backend}`,
        text: state === 'behind' ? `${Math.round(lagSeconds)} s behind the log` : state,
      })
  const word = issues.some((issue) => issue.word === 'degraded') ? 'degraded' : issues.length > 0 ? 'warning' : 'healthy'
  return { word, services: found, recording, issues }
}

function wordOf({ data }: ServiceState): string {
  const { state, health } = (data ?? {}) as Record<string, unknown>
  return String(state ?? health ?? 'unknown')
}

function ofIngest(recording: RecordingHealth | undefined): Issue[] {
  if (!recording) return [{ word: 'degraded', about: 'ingest', text: 'it does not answer, so nothing is recorded' }]
  const { health, gateway, streams, troubles, clock } = recording
  const word = OF_RECORDING[health]
  const ill = streams.filter((stream) => OF_RECORDING[stream.health] === 'degraded')
  const time = timeStatusOf(clock)
  return [
    ...(word === 'healthy' ? [] : [{ word, about: 'recording', text: `${health}; gateway ${gateway}` }]),
    ...ill.map(({ symbol, tt, reason = '' }): Issue => ({ word: 'degraded', about: `${symbol} ${tt}`, text: reason })),
    ...troubles.map(({ name, text }): Issue => ({ word: 'warning', about: name, text })),
    ...(time === 'warning' || time === 'critical'
      ? [{ word: 'warning' as const, about: 'time', text: `${clock.offsetUs} µs from IB’s` }]
      : []),
  ]
}

function ofKeeper(services: readonly ServiceState[]): Issue[] {
  const keepers = services.filter(({ name }) => name === 'keeper').map(({ data }) => saidByKeeper.safeParse(data).data)
  if (keepers.length === 0)
    return [{ word: 'warning', about: 'keeper', text: 'it does not answer: the log is not trimmed, nothing is watched' }]
  return keepers
    .flatMap((keeper) => keeper?.alerts ?? [])
    .map(({ alert, summary }): Issue => ({ word: 'degraded', about: alert, text: summary }))
}

function ofWriter({ name, data }: ServiceState): Issue[] {
  const failed = Object.entries(saidByWriter.safeParse(data).data?.failed ?? {})
  return failed.map(([partition, why]): Issue => ({ word: 'degraded', about: `${name} partition ${partition}`, text: why }))
}
