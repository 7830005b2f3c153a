import { execFile, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { ROOT } from '../support/program.ts'
import { waitFor } from '../support/wait-for.ts'

const run = promisify(execFile)

/** The image that the tests build, so that a user's own `ib-stream` stays. */
export const TEST_IMAGE = 'ib-stream-test'
const HEALTHY_WITHIN_MS = 180_000

/** One container as `docker compose ps` tells of it. */
export interface Container {
  ID: string
  Service: string
  State: string
  /** Empty where the image has no check. */
  Health: string
  ExitCode: number
  Publishers: { URL: string; PublishedPort: number }[] | null
}

/** The project's own compose file, brought up under a name, on ports and in volumes of its own. */
export class ComposeStack implements AsyncDisposable {
  readonly project: string
  readonly apiUrl: string
  readonly natsUrl: string
  readonly truthFile: string
  /** How long {@link healthy} waits. */
  healthyWithinMs = HEALTHY_WITHIN_MS
  #folder: string
  readonly env: Record<string, string>

  static async make(settings: Record<string, string> = {}): Promise<ComposeStack> {
    const folder = await mkdtemp(join(tmpdir(), 'ibs-compose-'))
    await mkdir(join(folder, 'truth'))
    await chmod(join(folder, 'truth'), 0o777) // the simulator's user is not ours
    return new ComposeStack(folder, await freePort(), await freePort(), settings)
  }

  constructor(folder: string, api: number, nats: number, settings: Record<string, string>) {
    const instance = folder.slice(-6).toLowerCase()
    this.#folder = folder
    this.project = `ib-stream-${instance}`
    this.apiUrl = `http://127.0.0.1:${api}`
    this.natsUrl = `nats://127.0.0.1:${nats}`
    this.truthFile = join(folder, 'truth/truth.jsonl')
    this.env = {
      IB_STREAM_INSTANCE: instance,
      IB_STREAM_IMAGE: TEST_IMAGE,
      PORT: String(api),
      NATS_PORT: String(nats),
      TRUTH_DIR: join(folder, 'truth'),
      ...settings,
    }
  }

  /** `docker compose …` on this stack; its output. A failure tells what compose said. */
  async compose(...args: string[]): Promise<string> {
    const files = ['--file', 'docker-compose.yml', '--file', 'test/compose/override.yml', '--env-file', '/dev/null']
    const options = { cwd: ROOT, env: { ...process.env, ...this.env }, maxBuffer: 2 ** 26 }
    const { stdout } = await run('docker', ['compose', '--progress', 'quiet', '--ansi', 'never', ...files, ...args], options).catch(
      (error: Error & { stderr?: string }) => {
        throw new Error(`docker compose ${args.join(' ')}: ${error.stderr?.trimEnd() || error.message}`)
      },
    )
    return stdout
  }

  /** The image, by the compose file, as `docker compose up` makes it for a user; layers that are unchanged are not made again. */
  async build(): Promise<void> {
    await this.compose('build', 'gateway-sim')
  }

  async containers(service?: string): Promise<Container[]> {
    const text = await this.compose('ps', '--all', '--format', 'json', ...(service ? [service] : []))
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Container]))
  }

  /** Waits until every container's own check says so; with what a failing one logged. */
  async healthy(...services: string[]): Promise<void> {
    const all = async () => {
      const containers = (await this.containers()).filter(({ Service }) => services.length === 0 || services.includes(Service))
      return (
        containers.length > 0 &&
        containers.every(({ State, Health, ExitCode, Service }) =>
          Service === 'prepare' ? State === 'exited' && ExitCode === 0 : State === 'running' && (Health === 'healthy' || Health === ''),
        )
      )
    }
    await waitFor(`${services.join(', ') || 'all'} healthy`, all, this.healthyWithinMs).catch(async (error: unknown) => {
      const states = (await this.containers()).map(({ Service, State, Health, ExitCode }) => `${Service}: ${State} ${Health} ${ExitCode}`)
      throw new Error(`${String(error)}\n${states.join('\n')}\n${(await this.compose('logs', '--tail', '20')).slice(-8_000)}`)
    })
  }

  /** A program run in the first container of a service. */
  exec(service: string, ...command: string[]): Promise<string> {
    return this.compose('exec', '-T', service, ...command)
  }

  /** What a service's own page of health says, from inside its network. */
  async health(service: string, port = 9090): Promise<Record<string, unknown>> {
    const script = `fetch('http://127.0.0.1:${port}/health').then((r) => r.text()).then(console.log)`
    return JSON.parse(await this.exec(service, 'node', '-e', script)) as Record<string, unknown>
  }

  /** A copy of the data volume's simulated half, in a new folder of this host. */
  async copyOfData(): Promise<string> {
    const target = await mkdtemp(join(this.#folder, 'data-'))
    const image = this.env.IB_STREAM_IMAGE ?? TEST_IMAGE
    const tar = ['run', '--rm', '--volume', `${this.project}_data:/data:ro`, image, 'tar', '-C', '/data/data-sim', '-c', '.']
    await new Promise<void>((resolve, reject) => {
      const source = spawn('docker', tar, { stdio: ['ignore', 'pipe', 'inherit'] })
      const unpack = spawn('tar', ['-C', target, '-x'], { stdio: [source.stdout, 'ignore', 'inherit'] })
      unpack.once('error', reject).once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))))
    })
    return target
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compose('--profile', '*', 'down', '--volumes', '--timeout', '5') // also what a profile started
    await rm(this.#folder, { recursive: true, force: true })
  }
}
