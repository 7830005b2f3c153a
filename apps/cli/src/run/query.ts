import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { openClient } from '../api/open-client.ts'
import { rangeQuery } from '../api/range-query.ts'
import { readLines } from '../api/read-lines.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/query.ts'
import { tickLine } from '../output/tick-line.ts'
import { brokeOff } from './broke-off.ts'
import { shownZone } from './shown-zone.ts'

/** Not compressed on the way: on one machine that would be the slowest part. */
const AS_IT_IS = { 'accept-encoding': 'identity' }

export async function run(call: Call<typeof command>): Promise<number> {
  const { args, flags, out, signal, env } = call
  const toTerminal = out.isTerminal && flags.output === undefined && !flags.expanded
  const format = flags.json ? 'ndjson' : (flags.format ?? (toTerminal ? 'text' : 'ndjson'))
  const client = await openClient(flags, env)
  const { body } = await client.request({
    template: '/v3/buffer/{cid}/query',
    path: { cid: args.contract },
    query: {
      tick_types: flags.types,
      ...rangeQuery(flags),
      format: format === 'text' ? 'ndjson' : format,
      limit: flags.limit,
      last: flags.newest,
      expanded: flags.expanded || undefined,
    },
    headers: AS_IT_IS,
    signal,
  })
  if (!body) return 0
  try {
    if (format === 'text') {
      const zone = await shownZone(client, args.contract, flags.tz, signal)
      for await (const lines of readLines(body)) {
        signal.throwIfAborted()
        await out.write(lines.map((line) => `${tickLine(JSON.parse(line), { zone, withDay: true, out })}\n`).join(''))
      }
    } else {
      const source = Readable.fromWeb(body as ReadableStream<Uint8Array>)
      if (flags.output === undefined) await out.pump(source, signal)
      else await pipeline(source, createWriteStream(flags.output), { signal })
    }
    return 0
  } catch (error) {
    return brokeOff(error, { out, signal })
  }
}
