import { rm } from 'node:fs/promises'
import { judge, type LiveTick, type Verdict } from '../chaos/check/judge.ts'
import { readTree } from '../chaos/check/tree.ts'
import { readArchive } from '../support/parquet-files.ts'
import { SseClient } from '../support/sse-client.ts'
import { parseLines, readJsonFiles, readProtoFiles } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'
import { ComposeStack } from './compose-stack.ts'

export const CIDS = [711280073, 265598, 8314, 756733]
const TYPES = ['bid_ask', 'last']
/** What the recordings of these tests need. */
export const RECORDED = {
  IB_STREAM_TRACKED_CONTRACTS: CIDS.map((cid) => `${cid}:C${cid}:${TYPES.join(';')}:24`).join(','),
  IB_STREAM_LINES: '100',
}
const SETTLE_WITHIN_MS = 240_000

/** A stack that records, with a live client for each contract from before the first tick on; in the end all of it is held to what the simulator sent. */
export class Recording implements AsyncDisposable {
  readonly stack: ComposeStack
  readonly live: LiveTick[] = []
  readonly #clients: SseClient[] = []

  /**
   * The stack with query-api and what it needs; the clients listen, nothing is sent yet.
   * @param besides services that it needs as well
   */
  static async start(settings: Record<string, string> = {}, besides: readonly string[] = []): Promise<Recording> {
    const recording = new Recording(await ComposeStack.make({ ...RECORDED, ...settings }))
    try {
      await recording.#listen(besides)
    } catch (error) {
      await recording[Symbol.asyncDispose]()
      throw error
    }
    return recording
  }

  private constructor(stack: ComposeStack) {
    this.stack = stack
  }

  async #listen(besides: readonly string[]): Promise<void> {
    const { stack, live } = this
    await stack.build()
    await stack.compose('up', '--detach', '--no-build', 'query-api', ...besides)
    for (const cid of CIDS) {
      const url = `${stack.apiUrl}/v3/stream/${cid}/live?tick_types=${TYPES.join(',')}`
      this.#clients.push(new SseClient(url, ({ cid, tt, st = 0 }) => live.push({ stream: `${cid}_${tt}`, st })))
    }
    await waitFor('the live streams stand', () => this.#clients.every(({ infos }) => infos.length > 0), 120_000)
  }

  async ticksFlow(withinMs = 60_000): Promise<void> {
    const before = this.live.length
    await waitFor('ticks go on', () => this.live.length > before + 100, withinMs)
  }

  /** What ingest has in its spool, and what of it the log has confirmed. */
  async publisher(): Promise<{ spoolEnd: number; acknowledged: number }> {
    const { parts } = (await this.stack.health('ingest')) as { parts: { publisher: { spoolEnd: number; acknowledged: number } } }
    return parts.publisher
  }

  /** Every tick that ingest took is in the log, each backend holds as much as clients heard, and nothing grows. Gives a copy of the files. */
  async settled(): Promise<string> {
    let seen = ''
    const look = async () => {
      const { spoolEnd, acknowledged } = await this.publisher()
      seen = JSON.stringify({ spoolEnd, acknowledged })
      if (spoolEnd !== acknowledged) return false
      const data = await this.stack.copyOfData()
      const wanted = this.live.length
      const counts = {
        json: (await readJsonFiles(data)).length,
        pb: (await readProtoFiles(data)).length,
        parquet: await sealedOrWaiting(data),
      }
      seen = JSON.stringify({ spoolEnd, acknowledged, ...counts, live: wanted })
      if (wanted > 0 && Object.values(counts).every((count) => count === wanted)) return data
      await rm(data, { recursive: true }) // an hour's soak copies gigabytes
      return false
    }
    return await waitFor('the files are settled', look, SETTLE_WITHIN_MS).catch((error: unknown) => {
      throw new Error(`${String(error)} ${seen}`)
    })
  }

  /** Files, live streams and answers against what the simulator sent. */
  judge(dataDir: string): Promise<Verdict> {
    const ask = async (cid: number) => {
      const answer = await fetch(`${this.stack.apiUrl}/v3/buffer/${cid}/query?tick_types=${TYPES.join(',')}&start_time=1&format=ndjson`)
      return parseLines(await answer.text())
    }
    return judge({ dataDir, truthFile: this.stack.truthFile, live: this.live, witnesses: [], probes: [], ask })
  }

  /** Lines of the NATS servers about somebody who did what is not theirs to do. */
  async refusals(...servers: string[]): Promise<string[]> {
    return (await this.stack.compose('logs', '--no-log-prefix', ...servers)).split('\n').filter((line) => / Violation/.test(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]()
    await this.stack[Symbol.asyncDispose]()
  }
}

/** Ticks of the archive: in Parquet files, or in rows that the checkpoints list. */
async function sealedOrWaiting(dataDir: string): Promise<number> {
  const { listed } = await readTree(dataDir)
  return (await readArchive(dataDir, (path) => listed.has(path))).length
}
