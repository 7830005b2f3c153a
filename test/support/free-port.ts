import { mkdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'

// Below the ports that kernels lend to outgoing connections (Linux from 32768, others from 49152): a port found free there can be lent to anybody's
// connection before the server that it was found for listens. Seen: 1 of 613 tests failed in one of many runs.
const FIRST = 12_000
const LAST = 31_999
/** Longer than any test takes from asking for a port to listening on it, and short beside a run. */
const CLAIM_MS = 10 * 60_000
const CLAIMS = join(tmpdir(), `ib-stream-test-ports-${userInfo().uid}`)

/**
 * A port of 127.0.0.1 that is free now, that no outgoing connection will get, and that no other test, bench or program of ours is given for the next minutes: what it was
 * asked for may take seconds to listen on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
    if (claim(port) && (await isFree(port))) return port
  }
}

/** Who makes the folder has the port; one that is left from long ago is nobody's, and the next who draws it can have it. */
function claim(port: number): boolean {
  const folder = join(CLAIMS, String(port))
  mkdirSync(CLAIMS, { recursive: true })
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    if (Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) > CLAIM_MS)
      rmSync(folder, { recursive: true, force: true })
    return false
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
