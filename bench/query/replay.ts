import { deepStrictEqual } from 'node:assert'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { isoFromUs, type TickMessage } from '@ib-stream/model'
import { BACKENDS, decodeTickJson } from '@ib-stream/storage'
import type { Figure } from '../storage/figure.ts'
import { ms } from './audience.ts'
import { QueryGround } from './ground.ts'
import { CID, HOUR, hourOfTicks, record } from './recorded.ts'
import type { Size } from './sections.ts'

const HOUR_TICKS = 400_000
const SECONDS = 20
const SPEEDS = { 1: { atMost: 5 }, 10: {} } as const

/** How far the spacing of a replay is from that of the recording, seen by a client. */
export async function replayFigures({ scale }: Size): Promise<Figure[]> {
  await using ground = await QueryGround.make()
  for (const backend of BACKENDS) await record(ground.dataDir, backend, hourOfTicks(HOUR_TICKS))
  await ground.startApi()
  const figures: Figure[] = []
  for (const [speed, limits] of Object.entries(SPEEDS)) {
    const seconds = Math.max(3, Math.round(SECONDS * scale))
    const offUs = await offBy(ground, Number(speed), seconds)
    const at = (share: number) => ms(offUs[Math.min(offUs.length - 1, Math.floor(offUs.length * share))] ?? Number.NaN)
    const name = `replay at ×${speed}, ${seconds} s: off the original spacing by`
    figures.push(
      { name: `${name}, p50`, value: at(0.5), unit: 'ms', ...limits },
      { name: `${name}, p99`, value: at(0.99), unit: 'ms', ...limits },
      { name: `${name}, most`, value: at(1), unit: 'ms' },
    )
  }
  return figures
}

/** By how much each tick came too early or too late, counted from the first, µs; sorted. */
async function offBy(ground: QueryGround, speed: number, seconds: number): Promise<number[]> {
  const wanted = [...Iterator.from(hourOfTicks(HOUR_TICKS)).take(Math.ceil((HOUR_TICKS / 3_600) * seconds * speed))]
  const range = `start_time=${isoFromUs(HOUR.startUs)}&end_time=${isoFromUs(HOUR.endUs)}`
  const url = `${ground.url}/v3/stream/${CID}/replay?${range}&speed=${speed}&limit=${wanted.length}&tick_types=bid_ask,last`
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  const came: { atMs: number; tick: TickMessage }[] = []
  let rest = ''
  for await (const chunk of response.setEncoding('utf8')) {
    const atMs = performance.now()
    const frames = `${rest}${chunk}`.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames)
      if (frame.startsWith('event: tick\n')) came.push({ atMs, tick: decodeTickJson(frame.slice(frame.indexOf('\ndata: ') + 7)) })
  }
  deepStrictEqual(
    came.map(({ tick }) => tick),
    wanted,
  )
  const [first] = came
  if (first === undefined) throw new Error('nothing came')
  const offUs = came.map(({ atMs, tick }) => Math.abs((atMs - first.atMs) * 1_000 - (tick.st - first.tick.st) / speed))
  return offUs.sort((a, b) => a - b)
}
