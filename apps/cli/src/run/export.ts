import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, createZstdCompress } from 'node:zlib'
import type { Client, Request } from '@ib-stream/client'
import { openClient } from '../api/open-client.ts'
import { rangeQuery } from '../api/range-query.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/export.ts'
import { CliError } from '../errors.ts'
import { type TickCounter, tickCounter } from '../export/count-ticks.ts'
import { refuseExisting } from '../export/refuse-existing.ts'
import { type Compression, targetForm } from '../export/target-form.ts'
import { type Progress, ProgressBar } from '../output/progress-bar.ts'
import { bytesText, countText } from '../output/units-text.ts'
import { brokeOff } from './broke-off.ts'
import { invalid } from './time-range.ts'

type ExportCall = Call<typeof command>

/** @returns the exit status: 0 all is there, 1 the answer broke off */
export async function run(call: ExportCall): Promise<number> {
  const { flags, out, signal, env } = call
  const form =
    flags.output === undefined ? { format: flags.format ?? 'ndjson', compression: undefined } : targetForm(flags.output, flags.format)
  if (form === undefined)
    throw invalid(
      '--output',
      flags.output,
      'a name that ends with .ndjson, .csv, .json, .pb, .arrow or .parquet (and .gz or .zst), or --format',
    )
  if (flags.output !== undefined && !flags.force) await refuseExisting(flags.output)
  const client = await openClient(flags, env)
  const asked = requestOf(call, form.format)
  const total = out.err.isTTY ? await ticksOf(client, asked) : undefined
  const { body } = await client.request(asked)
  if (!body) throw new CliError('IBS_CLI_OPTION_INVALID', 'the server gave no data; look at --url')
  const counter = tickCounter(form.format)
  const startedMs = performance.now()
  const bar = new ProgressBar(out.err)
  let bytes = 0
  const most = total === undefined ? undefined : Math.min(total, flags.limit ?? total)
  const counted = async function* () {
    for await (const chunk of body) {
      counter.push(chunk)
      bytes += chunk.length
      bar.show(progressOf(counter, { bytes, most }))
      yield chunk
    }
  }
  const source = Readable.from(counted(), { objectMode: false })
  try {
    if (flags.output === undefined) await out.pump(source, signal)
    else await toFile(source, flags.output, form.compression, signal)
    bar.clear()
    if (flags.output !== undefined) out.say(summaryOf(flags.output, counter, { bytes, seconds: (performance.now() - startedMs) / 1_000 }))
    return 0
  } catch (error) {
    bar.clear()
    return brokeOff(error, { out, signal }, flags.output === undefined ? undefined : 'there is no file')
  } finally {
    bar.clear()
  }
}

/** Parquet tells its ticks at its end only: then there is a rate, and no share. */
const progressOf = ({ ticks }: TickCounter, { bytes, most }: { bytes: number; most: number | undefined }): Progress =>
  ticks === undefined ? { done: bytes, bytes } : { done: ticks, total: most, bytes, ticks }

/** Not compressed on the way: on one machine that would be the slowest part. */
const AS_IT_IS = { 'accept-encoding': 'identity' }

function requestOf({ args, flags, signal }: ExportCall, format: string): Request {
  const [first = '', ...others] = args.contracts
  return {
    template: others.length === 0 ? '/v3/buffer/{cid}/query' : '/v3/ticks',
    path: { cid: first },
    query: {
      contracts: others.length === 0 ? undefined : args.contracts,
      tick_types: flags.types ?? ['bid_ask', 'last'],
      ...rangeQuery(flags),
      format,
      limit: flags.limit,
      expanded: flags.expanded || undefined,
    },
    headers: AS_IT_IS,
    signal,
  }
}

/** How many ticks the answer will have, for the bar. */
async function ticksOf(client: Client, request: Request): Promise<number | undefined> {
  const { headers } = await client.request({ ...request, method: 'HEAD' })
  const ticks = headers.get('ibs-ticks')
  return ticks === null ? undefined : Number(ticks)
}

/** Under another name until it is whole. */
async function toFile(source: Readable, path: string, compression: Compression | undefined, signal: AbortSignal): Promise<void> {
  const partial = `${path}.partial`
  try {
    const target = createWriteStream(partial)
    if (compression === undefined) await pipeline(source, target, { signal })
    else await pipeline(source, compression === 'gzip' ? createGzip() : createZstdCompress(), target, { signal })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

function summaryOf(path: string, { ticks }: TickCounter, { bytes, seconds }: { bytes: number; seconds: number }): string {
  const size = `${bytesText(bytes)} in ${seconds.toFixed(1)} s`
  return ticks === undefined
    ? `${path}: ${size}`
    : `${path}: ${countText(ticks)} ticks, ${size} (${countText(Math.round(ticks / seconds))} ticks/s)`
}
