import { TICK_TYPES } from '@ib-stream/model'
import type { LiveCursor } from '@ib-stream/tape'
import { z } from 'zod'
import { DEFAULT_TICK_TYPES } from '../api/shared-parameters.ts'
import { CONTRACT } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { LIVE_CURSOR, LONGEST_TIMEOUT_S, STREAM_ENDS } from '../stream/stream-parameters.ts'

/** Most contracts of one subscription. */
export const MOST_CONTRACTS = 100

const NAME_FORM = /^[\w.:-]{1,64}$/
const name = z.string().regex(NAME_FORM, 'is no name: 1 to 64 letters, digits, dots, colons, _ or -')
const timestamp = z.string().max(64, 'is longer than 64 characters').optional().describe('Yours; a ping gets it back')

const contract = z.union([z.int(), z.string()], 'is neither a contract id nor a name').transform(String).pipe(CONTRACT.rule)

const timeout = z
  .union([z.number().transform(String), z.string()], 'is neither seconds nor a duration')
  .pipe(STREAM_ENDS.timeout.rule)
  .describe(`Complete after so many seconds, or a duration such as "5m"; at most ${LONGEST_TIMEOUT_S} s`)

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
      after: z.string().pipe(LIVE_CURSOR.rule).optional().describe('Go on after the `id` of this event') as z.ZodType<
        LiveCursor | undefined
      >,
      limit: z.int().min(1, 'is not 1 or more').optional().describe('Complete after so many ticks'),
      timeout: timeout.optional(),
    }),
  })
  .meta({ id: 'Subscribe' })

const unsubscribe = z
  .strictObject({ type: z.literal('unsubscribe'), id: name.describe('The name of the subscription'), timestamp })
  .meta({ id: 'Unsubscribe' })

const ping = z.strictObject({ type: z.literal('ping'), id: name.optional().describe('Comes back in `to`'), timestamp }).meta({ id: 'Ping' })

/** What a client may send, by its `type`. */
export const CLIENT_MESSAGES = {
  subscribe: { doc: 'Begins a subscription of some contracts and tick types.', schema: subscribe },
  unsubscribe: { doc: 'Ends it; `complete` answers.', schema: unsubscribe },
  ping: { doc: 'Asks for a `pong`.', schema: ping },
} as const

const clientMessage = z.discriminatedUnion('type', [subscribe, unsubscribe, ping])
export type ClientMessage = z.output<typeof clientMessage>
export type Subscribe = z.output<typeof subscribe>

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
