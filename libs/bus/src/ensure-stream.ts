import { codeOf } from '@ib-stream/model'
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream'
import { BusError } from './errors.ts'
import { isRefusal, placed } from './placed.ts'
import type { WantedStream } from './stream-configs.ts'

/**
 * Makes a stream where it is missing; holds one that is there to every field, and changes what can be changed without losing a message.
 * @throws BusError `IBS_BUS_STREAM_DIFFERS` naming the fields, and what to do; the client's errors where the server cannot say now
 */
export async function ensureStream(manager: JetStreamManager, wanted: WantedStream): Promise<void> {
  const info = await streamInfo(manager, wanted.name)
  if (info === undefined) return void (await createStream(manager, wanted))
  const different = differences(wanted, info)
  if (different.length === 0) return
  const refused = different.filter((field) => !isSafe(field, wanted, info))
  if (refused.length > 0) throw differs(wanted, info, refused, 'these cannot be changed without losing messages')
  const changes = Object.fromEntries(different.map((field) => [field, wanted[field]]))
  try {
    await placed(() => manager.streams.update(wanted.name, changes))
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    throw differs(
      wanted,
      info,
      different,
      `the server does not change them: ${Error.isError(cause) ? cause.message : String(cause)}`,
      cause,
    )
  }
  assertSame(wanted, await manager.streams.info(wanted.name))
}

/** @throws BusError `IBS_BUS_STREAM_DIFFERS` where the server made something else of it: servers drop fields that they do not know without a word */
export async function createStream(manager: JetStreamManager, wanted: WantedStream): Promise<StreamInfo> {
  await placed(() => manager.streams.add(wanted))
  const info = await manager.streams.info(wanted.name)
  assertSame(wanted, info)
  return info
}

/** Undefined while there is no such stream; other failures (time-out, no connection) are thrown. */
export async function streamInfo(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name)
  } catch (error) {
    if ((error as { code?: unknown }).code === STREAM_NOT_FOUND) return undefined
    throw error
  }
}

const STREAM_NOT_FOUND = 10_059

type Field = keyof StreamConfig

/** Whose it is is asked elsewhere; where it begins is forgotten on purpose. */
const NOT_COMPARED = new Set<string>(['name', 'metadata', 'first_seq'])

function differences(wanted: WantedStream, { config }: StreamInfo): Field[] {
  const fields = (Object.keys(wanted) as Field[]).filter((field) => !NOT_COMPARED.has(field) && !covers(config[field], wanted[field]))
  // More copies than are asked for lose nothing; who takes some away does it by hand.
  return fields.filter((field) => field !== 'num_replicas' || config.num_replicas < (wanted.num_replicas ?? 1))
}

/** The server may add fields to objects, never change one that was given; absent and zero are the same to it. */
function covers(got: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return Array.isArray(got) && got.length === wanted.length && wanted.every((value, i) => covers(got[i], value))
  if (typeof wanted === 'object' && wanted !== null)
    return Object.entries(wanted).every(([key, value]) => covers((got as Record<string, unknown> | undefined)?.[key], value))
  return (got || 0) === (wanted || 0)
}

/** True where nothing that the stream holds goes by the change. */
function isSafe(field: Field, wanted: WantedStream, { config, state }: StreamInfo): boolean {
  const unlimited = (limit: number | undefined) => limit === undefined || limit < 0
  switch (field) {
    case 'max_age':
      return !wanted.max_age || state.messages === 0 || Date.now() - Date.parse(state.first_ts) < wanted.max_age / NS_PER_MS
    case 'max_bytes':
      return unlimited(wanted.max_bytes) || state.bytes <= (wanted.max_bytes ?? 0)
    case 'max_msgs':
      return unlimited(wanted.max_msgs) || state.messages <= (wanted.max_msgs ?? 0)
    case 'max_msgs_per_subject':
      return unlimited(wanted.max_msgs_per_subject) || (!unlimited(config[field]) && config[field] <= (wanted[field] ?? 0))
    default:
      return CHANGED_FREELY.has(field)
  }
}

const NS_PER_MS = 1_000_000
const CHANGED_FREELY = new Set<Field>([
  'discard',
  'discard_new_per_subject',
  'duplicate_window',
  'num_replicas',
  'allow_direct',
  'allow_rollup_hdrs',
  'compression',
  'max_msg_size',
  'no_ack',
  'republish',
])

function assertSame(wanted: WantedStream, info: StreamInfo): void {
  const different = differences(wanted, info)
  if (different.length > 0) throw differs(wanted, info, different, 'the server ignored them; update it to 2.10 or newer')
}

function differs(wanted: WantedStream, { config }: StreamInfo, fields: readonly Field[], why: string, cause?: unknown): BusError {
  const list = fields.map(
    (field) => `${field}: wanted ${JSON.stringify(wanted[field]) ?? 'none'}, is ${JSON.stringify(config[field]) ?? 'none'}`,
  )
  const mend = `put them right with "nats stream edit ${wanted.name}", or remove the stream after "nats stream backup"; ib-stream makes it anew`
  return new BusError('IBS_BUS_STREAM_DIFFERS', `stream ${wanted.name} differs (${list.join('; ')}): ${why}; ${mend}`, {
    stream: wanted.name,
    fields,
    code: codeOf(cause),
  })
}
