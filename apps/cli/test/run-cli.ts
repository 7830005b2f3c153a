import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export interface Run {
  child: ChildProcessByStdio<null, Readable, Readable>
  out: string
  err: string
  /** Resolves with the exit status once all output is read. */
  ended: Promise<number | null>
}

/** Runs the command line as its own process. */
export function runCli(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(__dirname, '../src/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const run: Run = { child, out: '', err: '', ended: once(child, 'close').then(([code]) => code as number | null) }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    run.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    run.err += text
  })
  return run
}

export interface Answering extends AsyncDisposable {
  url: string
  port: number
  /** What was asked, in order. */
  asked: IncomingMessage[]
}

/** A server that answers each request by `answer`. */
export async function answering(answer: (request: IncomingMessage, response: ServerResponse, nth: number) => void): Promise<Answering> {
  const asked: IncomingMessage[] = []
  const server: Server = createServer((request, response) => {
    asked.push(request)
    answer(request, response, asked.length)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
