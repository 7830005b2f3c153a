import { expect, it } from '@jest/globals'
import { SseClient } from '../support/sse-client.ts'
import { Stack } from '../support/stack.ts'
import { readJsonFiles } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'

const CIDS = [711280073, 265598] as const
const CLIENTS = 24
const JOIN_WITHIN_MS = 8_000
/** A machine that does much else besides starts a process in half a minute. */
const READY_MS = 120_000
/** In the order of the kills; each comes back at once. */
const KILLS = ['queryApi', 'writerJson', 'nats', 'queryApi', 'writerProto', 'ingest'] as const

/** Clients of one contract that keep only the stamps of their ticks: unique, and rising with the order of arrival. */
interface Joined {
  cid: number
  stamps: number[]
}

it('clients that join at random times, while services and ingest are killed, each have every tick of their contract once', async () => {
  await using stack = await Stack.make({
    tracked: '711280073:MNQ:bid_ask;last:24,265598:AAPL:bid_ask;last:24',
    simulator: ['--rate', '5'],
  })
  for (const program of [stack.nats, stack.writerJson, stack.writerProto, stack.queryApi, stack.simulator, stack.ingest]) program.start()
  for (const program of [stack.ingest, stack.queryApi]) await stack.ready(program, READY_MS)
  await using clients = new AsyncDisposableStack()
  const joined: Joined[] = []
  const join = () => {
    const cid = CIDS[joined.length % CIDS.length] ?? CIDS[0]
    const stamps: number[] = []
    clients.use(
      new SseClient(`${stack.apiUrl}/v3/stream/${cid}/buffer?tick_types=bid_ask,last&buffer_duration=1h`, ({ st = 0 }) => stamps.push(st)),
    )
    joined.push({ cid, stamps })
  }
  const killing = (async () => {
    for (const name of KILLS) {
      await new Promise((resolve) => setTimeout(resolve, JOIN_WITHIN_MS / (KILLS.length + 1)))
      await stack[name].kill()
      stack[name].start()
    }
  })()
  for (let i = 0; i < CLIENTS; i++) {
    join()
    await new Promise((resolve) => setTimeout(resolve, (2 * Math.random() * JOIN_WITHIN_MS) / CLIENTS))
  }
  await killing
  for (const program of [stack.ingest, stack.queryApi, stack.writerJson]) await stack.ready(program, READY_MS)
  await stack.simulator.stop()

  const inFiles = await settledFiles(stack)
  const lacks = ({ cid, stamps }: Joined) => (inFiles.get(cid)?.length ?? 0) - stamps.length
  await waitFor('every client has as many ticks as the files', () => joined.every((client) => lacks(client) <= 0), 60_000).catch(
    () => undefined,
  )
  expect(joined.map((client) => [client.cid, lacks(client)])).toEqual(joined.map(({ cid }) => [cid, 0]))
  for (const { cid, stamps } of joined) expect(stamps.toSorted((a, b) => a - b)).toEqual(inFiles.get(cid))
  expect(inFiles.get(CIDS[0])?.length).toBeGreaterThan(200)
}, 600_000)

/** Stamps of the ticks of each contract, sorted, once they grow no more. */
async function settledFiles(stack: Stack): Promise<Map<number, number[]>> {
  let before = -1
  const ticks = await waitFor(
    'the files are settled',
    async () => {
      const all = await readJsonFiles(stack.dataDir)
      const health = await stack.health(stack.ingest)
      const publisher = (health?.parts as Record<string, { spoolEnd: number; acknowledged: number }> | undefined)?.publisher
      const isSettled = all.length > 0 && all.length === before && publisher?.spoolEnd === publisher?.acknowledged
      before = all.length
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      return isSettled && all
    },
    60_000,
  )
  return new Map(CIDS.map((cid) => [cid, ticks.flatMap((tick) => (tick.cid === cid ? [tick.st ?? 0] : [])).toSorted((a, b) => a - b)]))
}
