import { type Bus, type KeyValue, openTracked, trackedKey } from '@ib-stream/bus'
import { type ContractName, codeOf, TICK_TYPES, type TrackedContract } from '@ib-stream/model'
import { z } from 'zod'
import { defineRoute, type RouteDeps } from '../api/route.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'

const MOST_BUFFER_HOURS = 24 * 366

const BODY = z
  .strictObject({
    tick_types: z.array(z.enum(TICK_TYPES)).min(1, 'name one at least').max(TICK_TYPES.length, 'name each once'),
    symbol: z
      .string()
      .regex(/^[\w .&-]{1,32}$/, '1 to 32 letters, digits, blanks, dots, & and -')
      .optional()
      .describe('For people; what IB calls it where it is left out'),
    buffer_hours: z
      .number()
      .positive('above 0')
      .max(MOST_BUFFER_HOURS, `at most ${MOST_BUFFER_HOURS}`)
      .optional()
      .describe('Reported only'),
  })
  .meta({ id: 'Tracking' })

const TRACKED = z
  .strictObject({
    name: z.string().describe('A contract id, or a name that ingest looks up'),
    symbol: z.string(),
    tick_types: z.array(z.enum(TICK_TYPES)),
    buffer_hours: z.number(),
    contract_id: z.int().nullable().describe('The contract that it means now; null where it cannot be looked up'),
  })
  .meta({ id: 'TrackedContract' })

const LIST = z.strictObject({ contracts: z.array(TRACKED), total: z.int() }).meta({ id: 'TrackedContracts' })

const NAME = { ...CONTRACT, doc: 'What to record: an IB contract id, or a name as MNQ.front, which moves on with the roll.' }

export const listTracked = defineRoute({
  path: '/v3/tracked',
  id: 'listTracked',
  tag: 'truth',
  summary: 'What is recorded by itself, the most important first',
  answers: { 200: { doc: 'As ingest has it.', content: { 'application/json': LIST } } },
  errors: ['IBS_QUERY_LIVE_UNAVAILABLE'],
  handle: async (_call, deps): Promise<z.output<typeof LIST>> => {
    const all = await inBucket(deps, (bucket) => bucket.all())
    const contracts = await Promise.all([...all.values()].map((contract) => shown(deps, contract)))
    return { contracts, total: contracts.length }
  },
})

export const putTracked = defineRoute({
  method: 'PUT',
  path: '/v3/tracked/{cid}',
  id: 'putTracked',
  tag: 'truth',
  summary: 'Has a contract recorded from now on, or changes which tick types of it are',
  description:
    'It goes behind those that are there where tick-by-tick lines are short. Ingest takes it up within a second, and keeps it over restarts.',
  pathParameters: { cid: NAME },
  body: BODY,
  answers: {
    200: { doc: 'It was recorded already, and is as this says now.', content: { 'application/json': TRACKED } },
    201: { doc: 'It is recorded from now on.', content: { 'application/json': TRACKED } },
  },
  errors: [...CONTRACT_ERRORS, 'IBS_QUERY_LIVE_UNAVAILABLE'],
  handle: async ({ path, body, reply }, deps) => {
    const { text: name } = path.cid
    const found = await meant(deps, path.cid)
    const tracked: TrackedContract = {
      name,
      symbol: body.symbol ?? found?.symbol ?? name,
      tickTypes: [...new Set(body.tick_types)],
      bufferHours: body.buffer_hours ?? 1,
    }
    const before = await inBucket(deps, async (bucket) => {
      const known = await bucket.get(trackedKey(name))
      await bucket.put(trackedKey(name), tracked)
      return known
    })
    return reply.code(before ? 200 : 201).send({ ...bodyOf(tracked), contract_id: found?.cid ?? null })
  },
})

export const deleteTracked = defineRoute({
  method: 'DELETE',
  path: '/v3/tracked/{cid}',
  id: 'deleteTracked',
  tag: 'truth',
  summary: 'Has a contract recorded no longer by itself; what was recorded stays',
  pathParameters: { cid: NAME },
  answers: { 204: { doc: 'It is on the list no longer.' } },
  errors: ['IBS_QUERY_NOT_TRACKED', 'IBS_QUERY_LIVE_UNAVAILABLE'],
  handle: async ({ path, reply }, deps) => {
    const { text: name } = path.cid
    const names = await inBucket(deps, async (bucket) => {
      const key = trackedKey(name)
      if ((await bucket.get(key)) === undefined) return [...(await bucket.all()).values()].map((contract) => contract.name)
      await bucket.delete(key)
      return undefined
    })
    if (names === undefined) return reply.code(204).send()
    throw new QueryError('IBS_QUERY_NOT_TRACKED', `"${name}" is not tracked under this name; /v3/tracked lists the names`, {
      field: 'cid',
      value: name,
      allowed: names,
    })
  },
})

const bodyOf = ({ name, symbol, tickTypes, bufferHours }: TrackedContract) => ({
  name,
  symbol,
  tick_types: [...tickTypes],
  buffer_hours: bufferHours,
})

async function shown({ contracts }: RouteDeps, contract: TrackedContract): Promise<z.output<typeof TRACKED>> {
  const name = CONTRACT.rule.safeParse(contract.name).data
  const cid = name && (await contracts.cidOf(name).catch(() => null)) // ingest's list of troubles says what a name does not mean
  return { ...bodyOf(contract), contract_id: cid ?? null }
}

/**
 * What IB knows under the name. A list that is changed while the gateway is away is taken as it is: ingest looks the name up itself, and says what it does not mean.
 * @throws QueryError `IBS_QUERY_CONTRACT_UNKNOWN`, `IBS_QUERY_CONTRACT_AMBIGUOUS`
 */
async function meant({ contracts }: RouteDeps, name: ContractName): Promise<{ cid: number; symbol: string } | undefined> {
  try {
    const { cid, symbol } = await contracts.contract(await contracts.cidOf(name))
    return { cid, symbol }
  } catch (error) {
    if (codeOf(error) === 'IBS_QUERY_CONTRACT_UNAVAILABLE') return undefined
    throw error
  }
}

/** @throws QueryError `IBS_QUERY_LIVE_UNAVAILABLE` */
async function inBucket<Result>(
  { live: { bus } }: RouteDeps,
  work: (bucket: KeyValue<TrackedContract>) => Promise<Result>,
): Promise<Result> {
  if (bus?.state !== 'connected') throw away()
  try {
    return await work(await openTracked(bus as Bus))
  } catch (cause) {
    throw away(cause)
  }
}

const away = (cause?: unknown): QueryError =>
  new QueryError('IBS_QUERY_LIVE_UNAVAILABLE', 'the list is kept in NATS, which does not answer; try again in a second', {}, { cause })
