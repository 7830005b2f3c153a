import { createServer } from 'node:net'

// Below the ports that kernels lend to outgoing connections (Linux from 32768, others from 49152): a port found free there can be lent to anybody's
// connection before the server that it was found for listens. Seen: 1 of 613 tests failed in one of many runs.
const FIRST = 12_000
const LAST = 31_999

/** A port of 127.0.0.1 that is free now and that no outgoing connection will get. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
