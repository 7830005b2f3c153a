import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { Client, StudyOutput } from '@ib-stream/client'
import { type RangeFlags, rangeQuery } from '../api/range-query.ts'
import { readLines } from '../api/read-lines.ts'
import type { Call } from '../command/define-command.ts'
import type { Output } from '../output/output.ts'
import { brokeOff } from './broke-off.ts'

export interface OutputsCall extends Pick<Call, 'out' | 'signal'> {
  flags: RangeFlags & { live: boolean; timeout: string | undefined; json: boolean; output: string | undefined }
}

export interface PrintOutputs {
  client: Client
  contract: string
  study: string
  parameters: Readonly<Record<string, string>>
  /** Stands above what people see. */
  head?: string
  lineOf(record: StudyOutput): string
}

/**
 * Prints what a study gives, over a range or live, for people or as JSON lines.
 * @returns the exit status: 0 all is there, 1 the answer broke off
 */
export async function printOutputs({ flags, out, signal }: OutputsCall, asked: PrintOutputs): Promise<number> {
  const { client, contract, study, parameters, head, lineOf } = asked
  await using sink = openSink(out, flags.output)
  const query = { ...parameters, ...rangeQuery(flags) }
  if (!flags.json && head !== undefined) await sink.write(`${head}\n`)
  if (!flags.live) {
    const path = { cid: contract, study }
    const { body } = await client.request({ template: '/v3/studies/{cid}/{study}', path, query: { ...query, format: 'ndjson' }, signal })
    try {
      for await (const lines of body ? readLines(body) : [])
        await sink.write(lines.map((line) => `${flags.json ? line : lineOf(JSON.parse(line) as StudyOutput)}\n`).join(''))
      return 0
    } catch (error) {
      return brokeOff(error, { out, signal })
    }
  }
  const given = Object.entries({ ...query, timeout: flags.timeout }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
  let hasBegun = false
  const onEvent = () => {
    hasBegun = true
  }
  try {
    for await (const output of client.liveStudy({ cid: contract, study, parameters: Object.fromEntries(given), onEvent, signal }))
      await sink.write(`${flags.json ? JSON.stringify(output) : lineOf(output)}\n`)
    return 0
  } catch (error) {
    if (!hasBegun) throw error
    return brokeOff(error, { out, signal })
  }
}

interface Sink extends AsyncDisposable {
  write(text: string): Promise<void>
}

/** Standard output, or a file. */
function openSink(out: Output, path: string | undefined): Sink {
  if (path === undefined) return { write: (text) => out.write(text), [Symbol.asyncDispose]: async () => undefined }
  const file = createWriteStream(path)
  const failed = new Promise<never>((_, reject) => file.once('error', reject))
  failed.catch(() => undefined) // told by the next write, or at the end
  return {
    write: async (text) => {
      if (!file.write(text)) await Promise.race([new Promise<void>((resolve) => file.once('drain', () => resolve())), failed])
    },
    [Symbol.asyncDispose]: async () => {
      file.end()
      await finished(file)
    },
  }
}
