import { askServices, type Bus, type ServiceState } from '@ib-stream/bus'
import { msFromUs, type RecordingHealth, US_PER_SECOND } from '@ib-stream/model'
import { QueryError } from '../errors.ts'
import type { ServerDeps } from '../server-deps.ts'
import { recordingSchema } from './recording-schema.ts'

/** Probes ask without a key, so what they cost has a bound. */
const FRESH_MS = msFromUs(US_PER_SECOND)

interface Kept {
  atMs: number
  answer: Promise<readonly ServiceState[]>
}

const kept = new WeakMap<Bus, Map<string, Kept>>()

/**
 * What services say of themselves, at most a second old; `name` for the replicas of one.
 * @returns undefined where NATS cannot be asked
 */
export async function servicesSay(
  { live: { bus } }: Pick<ServerDeps, 'live'>,
  name?: string,
): Promise<readonly ServiceState[] | undefined> {
  if (bus?.state !== 'connected') return undefined
  const ofBus = kept.get(bus) ?? new Map<string, Kept>()
  kept.set(bus, ofBus)
  const nowMs = performance.now()
  let one = ofBus.get(name ?? '')
  if (!one || nowMs - one.atMs > FRESH_MS) {
    one = { atMs: nowMs, answer: askServices(bus, name) }
    ofBus.set(name ?? '', one)
  }
  return await one.answer.catch(() => undefined) // the server went away: so said by the bus part of /health
}

/** What ingest says of the recording; undefined where it does not answer, or not in the form that is known here. */
export async function recordingNow(deps: Pick<ServerDeps, 'live'>): Promise<RecordingHealth | undefined> {
  const [ingest] = (await servicesSay(deps, 'ingest')) ?? []
  return recordingSchema.safeParse(ingest?.data).data
}

/** @throws QueryError `IBS_QUERY_INGEST_AWAY` */
export async function recordingOrThrow(deps: Pick<ServerDeps, 'live'>): Promise<RecordingHealth> {
  const recording = await recordingNow(deps)
  if (recording) return recording
  throw new QueryError('IBS_QUERY_INGEST_AWAY', 'ingest does not answer over the bus; look whether it and NATS run, then ask again')
}
