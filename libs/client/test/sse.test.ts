import { expect, it } from '@jest/globals'
import { array, assert, asyncProperty, nat, record, stringMatching } from 'fast-check'
import { eventsOf, type SseEvent } from '../src/sse.ts'

const bodyOf = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })

async function read(chunks: readonly Uint8Array[]): Promise<SseEvent[]> {
  const all: SseEvent[] = []
  for await (const events of eventsOf(bodyOf(chunks))) all.push(...events)
  return all
}

it('property: events are the same wherever their bytes are cut', async () => {
  const event = record({
    name: stringMatching(/^[a-z_]{1,9}$/),
    id: stringMatching(/^[a-z0-9.]{1,20}$/),
    data: stringMatching(/^[a-zé€ :{}",0-9]{1,40}$/),
  })
  await assert(
    asyncProperty(array(event, { maxLength: 8 }), array(nat(2_000), { maxLength: 12 }), async (events, cuts) => {
      const text = events.map(({ name, id, data }) => `: keep-alive\nevent: ${name}\nid: ${id}\ndata: ${data}\n\n`).join('')
      const bytes = new TextEncoder().encode(text)
      const places = [0, ...cuts.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
      expect(await read(chunks)).toEqual(events)
    }),
  )
})

it('never gives an event that the connection cut off, and takes line ends of a proxy', async () => {
  const bytes = (text: string) => [new TextEncoder().encode(text)]
  expect(await read(bytes('event: tick\nid: 1\ndata: {"p":1}\n'))).toEqual([])
  expect(await read(bytes('event: tick\r\nid: 1\r\ndata: {}\r\n\r\nevent: tick\r\n'))).toEqual([{ name: 'tick', id: '1', data: '{}' }])
  expect(await read(bytes(': keep-alive\nid: 7\n\n'))).toEqual([{ name: '', id: '7', data: '' }])
})
