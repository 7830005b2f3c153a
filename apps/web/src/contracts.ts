import type { Contract, TickType } from '@ib-stream/client'
import type { Listed } from './contracts-table.ts'
import { describe } from './search.ts'
import { client } from './session.ts'

/** What IB says of contracts, asked once each. */
const told = new Map<number, Promise<Contract | undefined>>()

export function contractOf(cid: number): Promise<Contract | undefined> {
  const known = told.get(cid) ?? client.contract(cid).catch(() => undefined)
  told.set(cid, known)
  known.then((contract) => contract ?? told.delete(cid)) // the gateway was away: ask again next time
  return known
}

/** What is tracked, and whatever else the log has; each with what is known of it. Throws where neither can be told. */
export async function listContracts(): Promise<Listed[]> {
  const [tracked, snapshot] = await Promise.allSettled([client.get('/v3/tracked'), client.snapshot()])
  if (tracked.status === 'rejected' && snapshot.status === 'rejected') throw snapshot.reason
  const listed = tracked.status === 'fulfilled' ? tracked.value.contracts : []
  const inLog = snapshot.status === 'fulfilled' ? snapshot.value.contracts : []
  const names = new Map(
    listed.flatMap(({ contract_id: cid, name, symbol, tick_types: tickTypes }) =>
      cid === null ? [] : [[cid, { name, symbol, tickTypes }] as const],
    ),
  )
  const types = new Map(inLog.map(({ contract_id: cid, ticks }) => [cid, Object.keys(ticks) as TickType[]]))
  const cids = [...new Set([...names.keys(), ...types.keys()])]
  return await Promise.all(
    cids.map(async (cid): Promise<Listed> => {
      const contract = await contractOf(cid)
      const known = names.get(cid)
      return {
        cid,
        symbol: known?.symbol ?? contract?.symbol ?? String(cid),
        detail: contract ? describe(contract) : `contract ${cid}`,
        minTick: contract?.minTick,
        tickTypes: known?.tickTypes ?? types.get(cid) ?? [],
        tracked: known?.name,
      }
    }),
  )
}

export async function track({ cid, symbol }: Contract): Promise<void> {
  await client.request({ template: '/v3/tracked/{cid}', path: { cid }, method: 'PUT', body: { tick_types: ['bid_ask', 'last'], symbol } })
}

export async function untrack(name: string): Promise<void> {
  await client.request({ template: '/v3/tracked/{cid}', path: { cid: name }, method: 'DELETE' })
}
