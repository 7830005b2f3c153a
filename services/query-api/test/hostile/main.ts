/* The long run: npm run hostile -- [requests] [seed]. Ends with 1 where anything was wrong. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { randomFrom } from '../../../../libs/tape/test/recording.ts'
import { ROUTES } from '../../src/routes.ts'
import { attack } from './attack.ts'
import { heldBy, openFortress } from './fortress.ts'

const [requests = 100_000, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number)
const ROUNDS = 10
/** What is alive after a collection; resident memory goes up and down by a hundred MB with V8's and the allocator's habits. */
const MOST_GROWTH_BYTES = 20e6
/** Beyond those of before: the connection that asks, and what a look at the log may have open. */
const MORE_HANDLES = 4

const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

await using fortress = await openFortress()
const before = await heldBy(fortress)
const random = randomFrom(seed)
const wrongs: string[] = []
const alive: number[] = []
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const unasked = new Set(ROUTES.map(({ id }) => id))
for (let round = 0; round < ROUNDS; round++) {
  const report = await attack({ url: fortress.server.url, random, requests: requests / ROUNDS, canary: fortress.canary })
  wrongs.push(...report.wrongs)
  for (const route of report.routes) unasked.delete(route)
  collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  alive.push(heapUsed + external)
  print({
    round,
    aliveMb: Math.round((alive.at(-1) ?? 0) / 1e6),
    rssMb: Math.round(rss / 1e6),
    statuses: Object.fromEntries(report.statuses),
    messages: report.messages,
    sockets: report.sockets,
  })
}
await new Promise((resolve) => setTimeout(resolve, 5_000))
const held = await heldBy(fortress)
const growth = (alive.at(-1) ?? 0) - (alive[Math.floor(ROUNDS / 3)] ?? 0)
const isLeaky =
  growth > MOST_GROWTH_BYTES || held.clients > 0 || held.leases > 0 || held.connections > 2 || held.handles > before.handles + MORE_HANDLES
const isFine = wrongs.length === 0 && unasked.size === 0 && fortress.server.failures.length === 0 && !isLeaky
print({
  seed,
  requests,
  wrongs: wrongs.slice(0, 20),
  failures: fortress.server.failures.map(String).slice(0, 5),
  unasked: [...unasked],
  before,
  held,
  growthMb: Math.round(growth / 1e6),
  isFine,
})
process.exitCode = isFine ? 0 : 1
