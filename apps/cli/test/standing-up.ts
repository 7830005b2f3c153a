import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../../../test/support/free-port.ts'
import { nodeProgram, type TestProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'

/** Old recordings as `import` takes them. */
const OLD_LINE =
  '{"ts":1753837634000000,"st":1753837634777542,"cid":711280073,"tt":"bid_ask","rid":7,"bp":23477.5,"bs":6.0,"ap":23478.0,"as":5.0}\n'

/** On a machine with much else to do. */
const READY_WITHIN_MS = 120_000
/** How long a hook may take that starts it and then waits for ticks. One that was cut short would leave all of it running. */
export const STANDING_WITHIN_MS = 2 * READY_WITHIN_MS

/** Everything as `up` runs it, with the simulator, and a folder to stand in. */
export class StandingUp implements AsyncDisposable {
  readonly up: TestProgram
  /** Where the commands are called: has `old` (recordings to import) and `data` (what is recorded now). */
  readonly folder: string
  readonly dataDir: string
  /** What the commands are called with: they find the rest by themselves. */
  readonly env: Record<string, string>
  readonly url: string

  constructor(at: { up: TestProgram; folder: string; url: string }, env: Record<string, string>) {
    this.up = at.up
    this.folder = at.folder
    this.dataDir = join(at.folder, 'recorded')
    this.env = env
    this.url = at.url
  }

  static async start(settings: Record<string, string> = {}): Promise<StandingUp> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-line-'))
    const dataDir = join(folder, 'recorded')
    await mkdir(dataDir)
    await symlink(dataDir, join(folder, 'data'))
    await mkdir(join(folder, 'old'))
    await writeFile(join(folder, 'old/a.jsonl'), OLD_LINE)
    const shared = { DATA_DIR: dataDir, IB_HOST: '', NATS_URL: '', IB_STREAM_REQUEST_GUARD_MS: '0', IB_STREAM_OVERLAY: 'allow' }
    const nats = process.env.IB_STREAM_NATS_SERVER ?? 'nats-server'
    const up = nodeProgram(
      'up',
      'apps/cli/src/main.ts',
      { ...shared, PORT: String(await freePort()), SIM_PORT: String(await freePort()), IB_STREAM_NATS_SERVER: nats, ...settings },
      ['up'],
    ).start()
    const url = await waitFor('up is ready', () => /ready: (http:\S+)/.exec(up.output)?.[1], READY_WITHIN_MS).catch(
      async (error: unknown) => {
        await up.stop()
        throw new Error(`${String(error)}\n${up.output.slice(-3_000)}`)
      },
    )
    return new StandingUp({ up, folder, url: String(url) }, { ...shared, PORT: '' })
  }

  /** `up` gives each of its programs time to end: killed meanwhile it would leave NATS running. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.up.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** What a person types, as the shell gets it: `ib-stream` is the command line of this checkout. */
export const shellText = (typed: string): string =>
  `ib-stream() { "${process.execPath}" "${resolve('apps/cli/src/main.ts')}" "$@"; }; set -o pipefail; ${typed}`
