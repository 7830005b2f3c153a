import type { Figure } from '../storage/figure.ts'
import { listenTo, ms, wholeness } from './audience.ts'
import { QueryGround } from './ground.ts'
import type { Size } from './sections.ts'

const PER_SECOND = 1_000
const SECONDS = 20

/** From the stamp at the socket read, through spool, log and hub, to one SSE client; both writers are at work. */
export async function latencyFigures({ scale }: Size): Promise<Figure[]> {
  await using ground = await QueryGround.make()
  await using json = ground.ground.writer('json')
  await using pb = ground.ground.writer('pb')
  await json.started()
  await pb.started()
  await ground.startApi()
  const seconds = Math.max(3, Math.round(SECONDS * scale))
  const { heard } = await listenTo(ground, { clients: 1, idle: 0, perSecond: PER_SECOND, seconds })
  const name = `socket read → SSE client at ${PER_SECOND} ticks/s`
  return [
    ...wholeness(name, heard),
    { name: `${name}: p50`, value: ms(heard.p50Us), unit: 'ms', atMost: 5 },
    { name: `${name}: p99`, value: ms(heard.p99Us), unit: 'ms' },
    { name: `${name}: p99.9`, value: ms(heard.p999Us), unit: 'ms' },
  ]
}
