import { linesOf, type ReadOptions } from './lines.ts'

/** One event of a stream. */
export interface SseEvent {
  name: string
  /** Place to go on after it; also of a keep-alive, which has neither name nor data. */
  id: string | undefined
  data: string
}

/** Server-sent events of a body, those of a chunk together. An event that the connection cuts off is never given. */
export async function* eventsOf(body: ReadableStream<Uint8Array>, options?: ReadOptions): AsyncGenerator<SseEvent[], void, undefined> {
  let [name, data, id]: [string, string, string | undefined] = ['', '', undefined]
  for await (const lines of linesOf(body, options)) {
    const events: SseEvent[] = []
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (line.startsWith('data: ')) data = data === '' ? line.slice(6) : `${data}\n${line.slice(6)}`
      else if (line.startsWith('id: ')) id = line.slice(4)
      else if (line.startsWith('event: ')) name = line.slice(7)
      else if (line === '') {
        if (name !== '' || data !== '' || id !== undefined) events.push({ name, id, data })
        ;[name, data, id] = ['', '', undefined]
      }
    }
    if (events.length > 0) yield events
  }
}
