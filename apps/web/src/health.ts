import type { StorageStatus, SystemHealth, TimeStatus } from '@ib-stream/client'
import { byId, el, write } from './dom.ts'
import { bytes, length } from './format.ts'
import { client, explained, repeating } from './session.ts'

const LOOK_EVERY_MS = 5_000
const LOOK_WITHIN_MS = 20_000
const LAG_WORTH_SAYING_S = 10

type State = 'good' | 'warn' | 'bad'

interface Look {
  system: SystemHealth
  storage: StorageStatus | undefined
  time: TimeStatus | undefined
}

/** Keeps the line in the head true: green, or what is wrong. */
export function watchHealth(): void {
  const details = byId('health-details')
  const line = byId('health')
  line.addEventListener('click', () => {
    details.hidden = !details.hidden
    line.setAttribute('aria-expanded', String(!details.hidden))
  })
  repeating(async () => {
    try {
      const signal = AbortSignal.timeout(LOOK_WITHIN_MS)
      const other = <Answer>(answer: Promise<Answer>) => answer.catch(() => undefined)
      const [system, storage, time] = await Promise.all([
        client.get('/system/health', { signal }),
        other(client.get('/storage/status', { signal })),
        other(client.get('/time/status', { signal })),
      ])
      show({ system, storage, time })
    } catch (error) {
      say('bad', `query-api does not answer: ${explained(error) ?? 'it takes too long'}`)
    }
  }, LOOK_EVERY_MS)
}

function say(state: State, text: string): void {
  byId('health').dataset.state = state
  write(byId('health-text'), text)
}

function show(look: Look): void {
  const { system, storage } = look
  byId('simulator').hidden = storage?.log?.source !== 'simulator'
  const [worst] = [...system.issues].sort((a, b) => rank(b.status) - rank(a.status))
  if (worst) {
    const more = system.issues.length > 1 ? ` · ${system.issues.length - 1} more` : ''
    say(worst.status === 'degraded' ? 'bad' : 'warn', `${worst.about}: ${worst.text}${more}`)
  } else say('good', ['All is well', ...facts(look)].join(' · '))
  byId('health-details').replaceChildren(table(look))
}

const rank = (status: string): number => ['healthy', 'off_hours', 'warning', 'degraded'].indexOf(status)

function facts({ system, storage, time }: Look): string[] {
  const lags = (storage?.backends ?? []).flatMap(({ lag_seconds: lag }) => (lag === null ? [] : [lag]))
  const lag = Math.max(0, ...lags)
  return [
    ...(system.recording ? [`feed ${system.recording.replaceAll('_', ' ')}`] : []),
    ...(storage ? [lag > LAG_WORTH_SAYING_S ? `files ${length(lag)} behind` : 'files up to date'] : []),
    ...(time ? [time.status === 'unknown' ? 'clock not compared yet' : `clock ${Math.abs(time.drift_ms).toFixed(0)} ms`] : []),
    ...(storage ? [`${bytes(storage.disk.free_bytes)} free`] : []),
  ]
}

function table({ system, storage, time }: Look): HTMLElement {
  const rows: [string, string][] = [
    ...system.issues.map(({ status, about, text }): [string, string] => [`${about} (${status})`, text]),
    ...Object.entries(system.services).map(([name, { replicas, state }]): [string, string] => [
      name,
      replicas > 1 ? `${state}, ${replicas} replicas` : state,
    ]),
    ...(storage?.backends ?? []).map(({ backend, state, lag_seconds: lag, age_seconds: age }): [string, string] => [
      `files ${backend}`,
      `${state}${lag === null ? '' : `, ${length(lag)} behind the log`}${age === null ? '' : `, newest tick ${length(age)} old`}`,
    ]),
    ...(storage?.log ? [['log', `${bytes(storage.log.bytes)} of ${bytes(storage.log.max_bytes)}`] as [string, string]] : []),
    ...(storage ? [['disk', `${bytes(storage.disk.free_bytes)} of ${bytes(storage.disk.total_bytes)} free`] as [string, string]] : []),
    ...(time ? [['clock', `${time.status}, ours is ${time.drift_ms.toFixed(0)} ms from IB’s`] as [string, string]] : []),
  ]
  return el('table', {}, el('tbody', {}, ...rows.map(([name, text]) => el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, text)))))
}
