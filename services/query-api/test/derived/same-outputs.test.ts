import { isoFromUs, US_PER_HOUR, US_PER_SECOND } from '@ib-stream/model'
import { decodeTickJson } from '@ib-stream/storage'
import { prepareStudy, pushAll, STUDY_NAMES } from '@ib-stream/studies'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CIDS, DAY_US, market, type Recording, randomFrom, until } from '../../../../libs/tape/test/recording.ts'
import { type LiveServer, openLiveServer } from '../live-server.ts'
import type { StandingServer } from '../standing-server.ts'

const ONE = CIDS[0]
const SEED = 81
/** None is late: the order of arrival is query order. */
const ticks = market(900, { seed: SEED, stepUs: 2 * US_PER_SECOND, lateUs: 0 })
const RANGE = `start_time=${isoFromUs(DAY_US)}&end_time=${isoFromUs(DAY_US + US_PER_HOUR)}`
let live: LiveServer
let recording: Recording
let server: StandingServer

beforeAll(async () => {
  live = await openLiveServer()
  ;({ recording, server } = live)
})
afterAll(async () => {
  await live?.[Symbol.asyncDispose]()
})

interface Listener {
  text: string
  leave(): void
}

async function listen(name: string): Promise<Listener> {
  const leave = new AbortController()
  const url = `${server.url}/v3/studies/${ONE}/${name}?start_time=${isoFromUs(DAY_US)}&live=true`
  const response = await fetch(url, { signal: leave.signal })
  const listener: Listener = { text: '', leave: () => leave.abort() }
  const read = async () => {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>) ?? [])
      listener.text += part
  }
  void read().catch(() => undefined)
  await until('it is live', () => listener.text.includes('event: live\n'))
  return listener
}

const eventsIn = (text: string, name: string): string[] =>
  [...text.matchAll(new RegExp(`^event: ${name}\\n(?:id: .+\\n)?data: (.+)$`, 'gm'))].map(([, data = '']) => data)

test('property: every study gives the same live from the start, history and then live, over the range at once, and over a replay', async () => {
  const random = randomFrom(SEED)
  const early = await Promise.all(STUDY_NAMES.map(listen))
  const late: Listener[] = []
  for (let done = 0; done < ticks.length; ) {
    const next = Math.min(ticks.length, done + 1 + Math.floor(random() * 250))
    await recording.publish(ticks.slice(done, next))
    done = next
    if (late.length === 0 && done > ticks.length / 3) late.push(...(await Promise.all(STUDY_NAMES.map(listen))))
  }
  const replay = await (await fetch(`${server.url}/v3/stream/${ONE}/replay?${RANGE}&tick_types=bid_ask,last&speed=max`)).text()
  const replayed = eventsIn(replay, 'tick').map(decodeTickJson)
  expect(replayed).toEqual(ticks.filter(({ cid }) => cid === ONE))
  for (const [i, name] of STUDY_NAMES.entries()) {
    const study = prepareStudy(name, { session: 'none' }).create({ fromUs: DAY_US })
    const wanted = pushAll(study, replayed).map((output) => JSON.stringify(output))
    const atEnd = study.flush(DAY_US + US_PER_HOUR).map((output) => JSON.stringify(output))
    const answer = await (await fetch(`${server.url}/v3/studies/${ONE}/${name}?${RANGE}&format=ndjson`)).text()
    expect(answer.trimEnd().split('\n')).toEqual([...wanted, ...atEnd])
    for (const listener of [early[i], late[i]]) {
      await until(`${name}: every output`, () => eventsIn(listener?.text ?? '', 'output').length >= wanted.length)
      listener?.leave()
      expect(eventsIn(listener?.text ?? '', 'output')).toEqual(wanted)
    }
  }
})
