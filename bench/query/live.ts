import type { Figure } from '../storage/figure.ts'
import { listenTo, ms, wholeness } from './audience.ts'
import { QueryGround } from './ground.ts'
import type { Size } from './sections.ts'

const CLIENTS = 50
const IDLE = 500
const PER_SECOND = 1_000
const SECONDS = 20

/** Many clients at once: some hundred that wait, and fifty that each get a thousand ticks a second. */
export async function liveFigures({ scale }: Size): Promise<Figure[]> {
  await using ground = await QueryGround.make()
  await ground.startApi()
  const seconds = Math.max(3, Math.round(SECONDS * scale))
  const { heard, apiCpuUs } = await listenTo(ground, { clients: CLIENTS, idle: IDLE, perSecond: PER_SECOND, seconds })
  const name = `${IDLE} idle SSE clients, ${CLIENTS} with ${PER_SECOND} ticks/s each, ${seconds} s`
  return [
    ...wholeness(name, heard),
    { name: `${name}: CPU of query-api`, value: apiCpuUs / heard.taken, unit: 'µs an event' },
    { name: `${name}: most memory of query-api`, value: await ground.mostMb(), unit: 'MB' },
    { name: `${name}: socket read → client p50`, value: ms(heard.p50Us), unit: 'ms' },
    { name: `${name}: socket read → client p99`, value: ms(heard.p99Us), unit: 'ms' },
  ]
}
