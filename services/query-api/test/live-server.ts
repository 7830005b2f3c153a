import { type LiveHub, openLiveHub } from '@ib-stream/tape'
import { openRecording, type Recording } from '../../../libs/tape/test/recording.ts'
import type { ServerDeps } from '../src/server-deps.ts'
import { type StandingServer, startServer } from './standing-server.ts'

/** The real server on a real log, with the hub that follows it. */
export interface LiveServer extends AsyncDisposable {
  recording: Recording
  hub: LiveHub
  server: StandingServer
}

export async function openLiveServer(deps: Partial<ServerDeps> = {}): Promise<LiveServer> {
  const stop = new AbortController()
  const recording = await openRecording()
  const hub = await openLiveHub({ bus: recording.bus, signal: stop.signal })
  const server = await startServer({ dataDir: recording.dataDir, live: { bus: recording.bus, hub }, ...deps })
  const close = async () => {
    stop.abort(new Error('the test is over'))
    await hub.close()
    await server[Symbol.asyncDispose]()
    await recording[Symbol.asyncDispose]()
  }
  return { recording, hub, server, [Symbol.asyncDispose]: close }
}
