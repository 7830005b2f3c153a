import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isoFromUs } from '@ib-stream/model'
import { CAPTURE_FILE } from './capture-writer.ts'
import { capturedConnections, readCapture } from './read-capture.ts'
import { ReplayGateway } from './replay-gateway.ts'

const HELP = `replay-capture [options] <file or folder>…

Plays captured frames as the gateway that they came from, so that ingest records them anew.

  --port N         TCP port; 0 takes a free one (default 4002)
  --host ADDRESS   address to listen on (default 127.0.0.1)
  --speed N|max    multiple of the captured pace (default max)
`

/** @returns the exit status: 0 all was played, 1 it was stopped before, 2 it could not begin */
export async function replayCapture(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '4002' },
        host: { type: 'string', default: '127.0.0.1' },
        speed: { type: 'string', default: 'max' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      process.stdout.write(HELP)
      return 0
    }
    const speed = values.speed === 'max' ? Number.POSITIVE_INFINITY : Number(values.speed)
    const port = Number(values.port)
    if (!(speed > 0)) throw new Error(`--speed ${values.speed}: a number above 0, or max`)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port}: from 0 to 65535`)
    const paths = await filesOf(positionals)
    if (paths.length === 0) throw new Error('name the capture: files that end in .frames.zst, or their folder')
    return await play(paths, { host: values.host, port, speed }, signal)
  } catch (error) {
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}

async function play(
  paths: readonly string[],
  options: { host: string; port: number; speed: number },
  signal: AbortSignal,
): Promise<number> {
  const connections = () => capturedConnections(readCapture(paths))
  const gateway = await ReplayGateway.open({ ...options, connections })
  let firstUs: number | undefined
  for await (const { frames } of connections()) {
    firstUs = frames[0]?.atUs
    break
  }
  const clock = firstUs === undefined ? '' : ` CLOCK_START=${isoFromUs(firstUs)}`
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port: gateway.port, files: paths.length, firstUs })}\n`)
  process.stderr.write(`record it with IB_HOST=${options.host} IB_PORTS=${gateway.port}${clock} and a DATA_DIR and NATS of its own\n`)
  await gateway.run(signal)
  process.stdout.write(`${JSON.stringify({ msg: signal.aborted ? 'stopped' : 'played', frames: gateway.frames })}\n`)
  await gateway.close()
  return signal.aborted ? 1 : 0
}

async function filesOf(given: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    given.map(async (path) => {
      if (!(await stat(path)).isDirectory()) return [path]
      return (await readdir(path))
        .filter((name) => CAPTURE_FILE.test(name))
        .sort()
        .map((name) => join(path, name))
    }),
  )
  return found.flat()
}
