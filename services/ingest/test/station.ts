import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectBus, openLogReader, readLog } from '@ib-stream/bus'
import { type RecorderEvent, type RecorderEventKind, type TickMessage, type TickType, US_PER_SECOND } from '@ib-stream/model'
import { freePort } from '../../../test/support/free-port.ts'
import { NatsServer } from '../../../test/support/nats-server.ts'
import { nodeProgram } from '../../../test/support/program.ts'

export const MNQ = 711280073
/** Ten seconds of the market, of ingest and of IB's pacing pass in one. */
const RATE = 10

/** nats-server, simulator and ingest as processes on one virtual clock. */
export class Station implements AsyncDisposable {
  readonly nats: NatsServer
  readonly sim
  readonly ingest
  readonly dataDir: string
  readonly #controlUrl: string

  static async start(tracked: string, simulator: readonly string[] = [], env: Record<string, string> = {}): Promise<Station> {
    const nats = await NatsServer.start()
    const [simPort, controlPort] = [await freePort(), await freePort()]
    return new Station(nats, { tracked, simulator, env, simPort, controlPort, dataDir: await mkdtemp(join(tmpdir(), 'ibs-station-')) })
  }

  constructor(
    nats: NatsServer,
    options: {
      tracked: string
      simulator: readonly string[]
      env: Record<string, string>
      simPort: number
      controlPort: number
      dataDir: string
    },
  ) {
    const { tracked, simulator, simPort, controlPort, dataDir } = options
    const clock = { CLOCK_START: `2025-07-30T15:00:00Z@${Date.now()}`, CLOCK_RATE: String(RATE) }
    this.nats = nats
    this.dataDir = dataDir
    this.#controlUrl = `http://127.0.0.1:${controlPort}`
    const flags = [
      '--port',
      String(simPort),
      '--control',
      String(controlPort),
      '--bursts',
      '0',
      '--repeat-seconds',
      '0',
      '--messages-per-second',
      '0',
    ]
    this.sim = nodeProgram('gateway-sim', 'libs/gateway-sim/src/main.ts', clock, [...flags, ...simulator]).start()
    this.ingest = nodeProgram('ingest', 'services/ingest/src/main.ts', {
      ...clock,
      IB_HOST: '',
      SIM_PORT: String(simPort),
      NATS_URL: nats.url,
      DATA_DIR: dataDir,
      HEALTH_PORT: '0',
      IB_STREAM_TRACKED_CONTRACTS: tracked,
      IB_STREAM_REQUEST_GUARD_MS: '0',
      ...options.env,
    }).start()
  }

  log(): ReturnType<typeof logOf> {
    return logOf(this.nats.url)
  }

  /** Events of a kind. */
  async events<Kind extends RecorderEventKind>(kind: Kind): Promise<Extract<RecorderEvent, { kind: Kind }>[]> {
    const { events } = await this.log()
    return events.filter((event): event is Extract<RecorderEvent, { kind: Kind }> => event.kind === kind)
  }

  /** Orders a fault of the simulator. */
  async fault(order: object): Promise<void> {
    const answer = await fetch(`${this.#controlUrl}/faults`, { method: 'POST', body: JSON.stringify(order) })
    if (!answer.ok) throw new Error(await answer.text())
  }

  async health(): Promise<Record<string, { state: string; [fact: string]: unknown }>> {
    const { healthPort } = await this.ingest.logged('its pages', ({ msg }) => msg === 'started')
    const page = (await (await fetch(`http://127.0.0.1:${healthPort}/health`)).json()) as { parts: Record<string, { state: string }> }
    return page.parts
  }

  async metrics(): Promise<string> {
    const { healthPort } = await this.ingest.logged('its pages', ({ msg }) => msg === 'started')
    return await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text()
  }

  /** What the market really had. */
  async truth(tt: TickType, fromSecond: number, toSecond: number): Promise<string[]> {
    const range = `start=${fromSecond * US_PER_SECOND}&end=${(toSecond + 1) * US_PER_SECOND}`
    const text = await (await fetch(`${this.#controlUrl}/tape?cid=${MNQ}&tt=${tt}&${range}`)).text()
    return text
      .trimEnd()
      .split('\n')
      .map((line) => keyOf(JSON.parse(line)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ingest[Symbol.asyncDispose]()
    await this.sim[Symbol.asyncDispose]()
    await this.nats[Symbol.asyncDispose]()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}

/** All lines of the log now. */
export async function logOf(url: string): Promise<{ ticks: TickMessage[]; events: RecorderEvent[] }> {
  await using bus = await connectBus({ url: url, name: 'test' })
  const log = await readLog(bus.manager)
  const found = { ticks: [] as TickMessage[], events: [] as RecorderEvent[] }
  if (!log || log.lastSeq === 0) return found
  const reader = openLogReader({ bus, filter: '>', fromSeq: 1, signal: AbortSignal.timeout(20_000) })
  for await (const batch of reader.batches()) {
    for (const { payload } of batch) {
      for (const line of Buffer.from(payload).toString('utf8').trimEnd().split('\n')) {
        const entry = JSON.parse(line)
        if (entry.tt !== undefined && entry.kind === undefined) found.ticks.push(entry)
        else found.events.push(entry)
      }
    }
    if ((batch.at(-1)?.seq ?? 0) >= log.lastSeq) break
  }
  return found
}

/** All of a tick but our stamp, and whether it came live. */
export function keyOf({ st: _st, rid: _rid, bf: _bf, ...rest }: TickMessage & Record<string, unknown>): string {
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
}
