import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { expect, test } from '@jest/globals'
import { defineRoute } from '../../src/api/route.ts'
import type { Feed } from '../../src/stream/feed.ts'
import { serveSse } from '../../src/stream/serve-sse.ts'
import { startServer } from '../standing-server.ts'

/** Its opening takes as long as it may. */
const slow = defineRoute({
  path: '/test/slow',
  id: 'slow',
  tag: 'live',
  summary: 'Never opens',
  answers: { 200: { doc: 'A stream.', content: { 'text/event-stream': 'text' } } },
  handle: (call, deps) =>
    serveSse(call, deps, {
      open: async (signal): Promise<Feed> => {
        await once(signal, 'abort')
        throw signal.reason
      },
      timeoutMs: 50,
    }),
})

test('regression: a stream whose time was over before it could be opened was answered 500', async () => {
  await using server = await startServer({ dataDir: tmpdir() }, [slow])
  const response = await fetch(`${server.url}/test/slow`)
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  expect(await response.text()).toMatch(/event: complete\ndata: \{"reason":"timeout","ticks":0,/)
  expect(server.failures).toEqual([])
})
