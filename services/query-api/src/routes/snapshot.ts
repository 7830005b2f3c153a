import { type Bus, subjectsInLog, TICKS } from '@ib-stream/bus'
import { isoFromUs, isTickType, partitionOf, TICK_TYPES, type TickMessage, type TickType } from '@ib-stream/model'
import { decodeTickJson } from '@ib-stream/storage'
import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT_ERRORS, CONTRACTS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { TICK } from '../stream/events.ts'

const ANSWER = z
  .strictObject({
    at: z.string(),
    contracts: z.array(z.strictObject({ contract_id: z.int(), ticks: z.partialRecord(z.enum(TICK_TYPES), TICK) })),
  })
  .meta({ id: 'SnapshotAnswer' })

export const getSnapshot = defineRoute({
  path: '/v3/snapshot',
  id: 'getSnapshot',
  tag: 'derived',
  summary: 'The newest tick of every stream in the log, or of some contracts',
  query: { contracts: { ...CONTRACTS, default: 'all that the log has' }, tick_types: { ...TICK_TYPE_LIST, default: 'all' } },
  answers: { 200: { doc: 'By contract and tick type; what the log does not have is left out.', content: { 'application/json': ANSWER } } },
  errors: [...CONTRACT_ERRORS, 'IBS_QUERY_LIVE_UNAVAILABLE'],
  handle: async ({ query }, deps): Promise<z.output<typeof ANSWER>> => {
    const { bus } = deps.live
    if (bus?.state !== 'connected')
      throw new QueryError('IBS_QUERY_LIVE_UNAVAILABLE', 'query-api is not connected to NATS; try again in a second')
    const cids = query.contracts && (await Promise.all(query.contracts.map((name) => deps.contracts.cidOf(name))))
    const wanted = (await streamsInLog(bus)).filter(
      ({ cid, tt }) => (cids === undefined || cids.includes(cid)) && (query.tick_types ?? TICK_TYPES).includes(tt),
    )
    const ticks = await Promise.all(wanted.map((stream) => newest(bus, stream)))
    const byCid = Map.groupBy(
      ticks.filter((tick) => tick !== undefined),
      ({ cid }) => cid,
    )
    const contracts = [...byCid].map(([cid, some]) => ({
      contract_id: cid,
      ticks: Object.fromEntries(some.map((tick) => [tick.tt, tick])),
    }))
    return { at: isoFromUs(deps.nowUs()), contracts: contracts.sort((a, b) => a.contract_id - b.contract_id) }
  },
})

interface Stream {
  cid: number
  tt: TickType
}

async function streamsInLog(bus: Bus): Promise<Stream[]> {
  const subjects = await subjectsInLog(bus.manager, 'ticks.>').catch((cause: unknown) => {
    throw new QueryError('IBS_QUERY_LIVE_UNAVAILABLE', 'the log does not answer; try again in a second', {}, { cause })
  })
  return subjects.flatMap((subject) => {
    const [, , cid, tt] = subject.split('.')
    return isTickType(tt) ? [{ cid: Number(cid), tt }] : []
  })
}

/** The last line of the last message of a subject; undefined where it was trimmed meanwhile. */
async function newest(bus: Bus, { cid, tt }: Stream): Promise<TickMessage | undefined> {
  const message = await bus.manager.streams.getMessage(TICKS, { last_by_subj: `ticks.${partitionOf(cid)}.${cid}.${tt}` })
  const line = message?.string().trimEnd().split('\n').at(-1)
  return line === undefined || line === '' ? undefined : decodeTickJson(line)
}
