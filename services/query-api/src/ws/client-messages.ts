import { TICK_TYPES } from '@ib-stream/model'
import { z } from 'zod'
import { DEFAULT_TICK_TYPES } from '../api/shared-parameters.ts'
import { CONTRACT } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { TIME_RANGE } from '../history/time-range.ts'
import { SPEED } from '../stream/replay-feed.ts'
import { LONGEST_TIMEOUT_S, STREAM_ENDS } from '../stream/stream-parameters.ts'

/** Most contracts of one subscription. */
export const MOST_CONTRACTS = 100

/** What a replay is asked for by. */
export const REPLAY_PARAMETERS = { ...TIME_RANGE, speed: SPEED } as const

const NAME_FORM = /^[\w.:-]{1,64}$/
const name = z.string().regex(NAME_FORM, 'is no name: 1 to 64 letters, digits, dots, colons, _ or -')
const timestamp = z.string().max(64, 'is longer than 64 characters').optional().describe('Yours; a ping gets it back')

const contract = z.union([z.int(), z.string()], 'is neither a contract id nor a name').transform(String).pipe(CONTRACT.rule)

const timeout = z
  .union([z.number().transform(String), z.string()], 'is neither seconds nor a duration')
  .pipe(STREAM_ENDS.timeout.rule)
  .describe(`Complete after so many seconds, or a duration such as "5m"; at most ${LONGEST_TIMEOUT_S} s`)

const text = z.union([z.string().max(100, 'is longer than 100 characters'), z.number()], 'is neither text nor a number').transform(String)

/** The parameters of a replay as its routes have them; each is read by the rule of its parameter. */
const replay = z.strictObject({
  ...(Object.fromEntries(Object.entries(REPLAY_PARAMETERS).map(([key, { doc }]) => [key, text.optional().describe(doc)])) as {
    [Key in keyof typeof REPLAY_PARAMETERS]: z.ZodOptional<typeof text>
  }),
})

const subscribe = z
  .strictObject({
    type: z.literal('subscribe'),
    id: name.describe('Your name for the subscription; everything of it comes with this in `to`'),
    timestamp,
    data: z.strictObject({
      contracts: z.array(contract).min(1, 'names no contract').max(MOST_CONTRACTS, `names more than ${MOST_CONTRACTS} contracts`),
      tick_types: z
        .array(z.enum(TICK_TYPES))
        .min(1, 'names no tick type')
        .max(16, 'names too many')
        .default([...DEFAULT_TICK_TYPES]),
      start_time: z
        .string()
        .pipe(TIME_RANGE.start_time.rule)
        .optional()
        .describe('Begin with history from here on; as in /v3/stream/{cid}/buffer'),
      buffer_duration: z.string().pipe(TIME_RANGE.buffer_duration.rule).optional().describe('Begin with so much history, e.g. "1h"'),
      session: z
        .string()
        .pipe(TIME_RANGE.session.rule)
        .optional()
        .describe('Begin with history from the start of this session on; one contract only'),
      hours: TIME_RANGE.hours.rule.optional().describe('Which hours sessions go by'),
      tz: z.string().pipe(TIME_RANGE.tz.rule).optional().describe('Zone of times without their own'),
      after: z.string().max(200, 'is no event id').optional().describe('Go on after the `id` of this event'),
      replay: replay.optional().describe('Recorded ticks instead of live ones, at the pace at which they came'),
      limit: z.int().min(1, 'is not 1 or more').optional().describe('Complete after so many ticks'),
      timeout: timeout.optional(),
    }),
  })
  .meta({ id: 'Subscribe' })

const unsubscribe = z
  .strictObject({ type: z.literal('unsubscribe'), id: name.describe('The name of the subscription'), timestamp })
  .meta({ id: 'Unsubscribe' })

const ping = z.strictObject({ type: z.literal('ping'), id: name.optional().describe('Comes back in `to`'), timestamp }).meta({ id: 'Ping' })

const ofReplay = 'The name of a subscription that is a replay'
const pause = z.strictObject({ type: z.literal('pause'), id: name.describe(ofReplay), timestamp }).meta({ id: 'Pause' })
const resume = z.strictObject({ type: z.literal('resume'), id: name.describe(ofReplay), timestamp }).meta({ id: 'Resume' })
const seek = z
  .strictObject({
    type: z.literal('seek'),
    id: name.describe(ofReplay),
    timestamp,
    data: z.strictObject({ to: text.describe('A time with its zone, or a number since 1970, as start_time takes it') }),
  })
  .meta({ id: 'Seek' })
const speed = z
  .strictObject({
    type: z.literal('speed'),
    id: name.describe(ofReplay),
    timestamp,
    data: z.strictObject({ speed: text.pipe(SPEED.rule).describe(SPEED.doc) }),
  })
  .meta({ id: 'Speed' })

/** What a client may send, by its `type`. */
export const CLIENT_MESSAGES = {
  subscribe: { doc: 'Begins a subscription of some contracts and tick types.', schema: subscribe },
  unsubscribe: { doc: 'Ends it; `complete` answers.', schema: unsubscribe },
  pause: { doc: 'Holds a replay; `replay` answers.', schema: pause },
  resume: { doc: 'Lets it go on; `replay` answers.', schema: resume },
  seek: { doc: 'Lets it go on from another moment, earlier or later; `replay` answers.', schema: seek },
  speed: { doc: 'Makes it faster or slower; `replay` answers.', schema: speed },
  ping: { doc: 'Asks for a `pong`.', schema: ping },
} as const

const clientMessage = z.discriminatedUnion('type', [subscribe, unsubscribe, pause, resume, seek, speed, ping])
export type ClientMessage = z.output<typeof clientMessage>
export type Subscribe = z.output<typeof subscribe>
export type ReplayControl = Extract<ClientMessage, { type: 'pause' | 'resume' | 'seek' | 'speed' }>

/** A message, or what is wrong with it and the id of the one that it answers. */
export type ReadMessage =
  | { message: ClientMessage; to: string | undefined; problem?: undefined }
  | { problem: QueryError; to: string | undefined }

/** Reads a message of a client; never throws. */
export function readClientMessage(text: string): ReadMessage {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { problem: invalid('the message', 'is no JSON', 'one JSON object a message'), to: undefined }
  }
  const to = idIn(json)
  const result = clientMessage.safeParse(json)
  if (result.success) return { message: result.data, to }
  const [issue] = result.error.issues
  const field = issue?.path.map(String).join('.') || 'message'
  return { problem: invalid(field, issue?.message ?? 'is wrong', Object.keys(CLIENT_MESSAGES)), to }
}

function idIn(json: unknown): string | undefined {
  const id = typeof json === 'object' && json !== null && 'id' in json ? json.id : undefined
  return typeof id === 'string' && NAME_FORM.test(id) ? id : undefined
}

function invalid(field: string, problem: string, allowed: unknown): QueryError {
  return new QueryError('IBS_QUERY_MESSAGE_INVALID', `${field}: ${problem}; /asyncapi.json has the form of each message`, {
    field,
    allowed,
  })
}
