import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { codeOf } from '@ib-stream/model'
import type { Command } from 'commander'
import { ApiError, defaultUrl, get } from '../api-client.ts'

interface QueryOptions {
  types?: string
  start?: string
  end?: string
  last?: string
  format: string
  limit?: string
  url: string
  output?: string
}

/** Adds `ib-stream query`. */
export function registerQuery(program: Command): void {
  program
    .command('query')
    .description('recorded ticks of a contract, to the terminal, a pipe or a file')
    .argument('<contract>', 'IB contract id, e.g. 711280073')
    .option('-t, --types <list>', 'tick types, separated by commas: bid_ask, last, all_last, mid_point (default: bid_ask)')
    .option('--start <time>', 'first moment: ISO 8601 with zone, or seconds, ms, µs since 1970')
    .option('--end <time>', 'first moment after the range (default: now)')
    .option('--last <duration>', 'length of the range: 1h, 2h30m, 30s, 1d (default: 1h)')
    .option('-f, --format <format>', 'ndjson, json or protobuf', 'ndjson')
    .option('-n, --limit <count>', 'most ticks')
    .option('--url <address>', 'where query-api is', defaultUrl(process.env))
    .option('-o, --output <file>', 'write to a file instead of the terminal')
    .action(async (contract: string, options: QueryOptions) => {
      const stop = new AbortController()
      process.once('SIGINT', () => stop.abort(new Error('stopped')))
      process.exitCode = await runQuery(contract, options, stop.signal)
    })
}

/** @returns the exit status */
async function runQuery(contract: string, options: QueryOptions, signal: AbortSignal): Promise<number> {
  try {
    const { body } = await get({
      base: options.url,
      path: `/v3/buffer/${encodeURIComponent(contract)}/query`,
      query: {
        tick_types: options.types,
        start_time: options.start,
        end_time: options.end,
        buffer_duration: options.last,
        format: options.format,
        limit: options.limit,
      },
      signal,
    })
    const target = options.output === undefined ? process.stdout : createWriteStream(options.output)
    await pipeline(Readable.fromWeb(body as ReadableStream<Uint8Array>), target, { end: target !== process.stdout, signal })
    return 0
  } catch (error) {
    if (signal.aborted || codeOf(error) === 'EPIPE') return 0 // Ctrl-C, or the reader of the pipe has enough, as `head` does
    process.stderr.write(`${sentence(error)}\n`)
    return 1
  }
}

function sentence(error: unknown): string {
  if (error instanceof ApiError) return error.message
  const reason = error instanceof Error ? error.message : String(error)
  return codeOf(error)?.startsWith('E') ? reason : `the answer broke off (${reason}); what was written so far is incomplete`
}
