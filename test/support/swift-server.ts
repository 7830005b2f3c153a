import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { TestProgram } from './program.ts'
import { waitFor } from './wait-for.ts'

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream/debian-swift')
const PYTHON = '/usr/bin/python3'
const KEYS = { id: 'test:tester', secret: 'testing' }
const START_MS = 120_000
const run = promisify(execFile)

/** Runs a program of Swift with its settings in a folder of ours instead of /etc/swift. */
const LAUNCHER = `
import runpy, sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[1]
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')`

/** Each kind of server is one, with one disk. */
const RINGS = `
import sys
from swift.common.ring import RingBuilder
for name, port in zip(('account', 'container', 'object'), sys.argv[2:]):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev(dict(region=1, zone=1, ip='127.0.0.1', port=int(port), device='1', weight=1))
    builder.rebalance()
    builder.get_ring().save(sys.argv[1] + '/' + name + '.ring.gz')`

/** Where Debian's Swift is unpacked; it is fetched when `IB_STREAM_SWIFT=fetch`. Undefined: it is not here. */
export async function findSwift(): Promise<string | undefined> {
  if (process.env.IB_STREAM_SWIFT === 'fetch') await run(process.execPath, ['tools/swift.mjs'], { timeout: 240_000 }).catch(() => undefined)
  return access(join(CACHE, 'usr/bin/swift-proxy-server')).then(
    () => CACHE,
    () => undefined,
  )
}

/** OpenStack Swift with its S3 door: one proxy, one disk, one account, all on 127.0.0.1. It checks signatures, and knows no SHA-256 of objects. */
export class SwiftServer implements AsyncDisposable {
  readonly #folder: string
  readonly #tree: string
  readonly #programs: TestProgram[] = []
  #port = 0

  /** @param tree of `findSwift` */
  static async start(tree: string): Promise<SwiftServer> {
    const server = new SwiftServer(await mkdtemp(join(tmpdir(), 'ibs-swift-')), tree)
    await server.#start().catch(async (error: unknown) => {
      await server[Symbol.asyncDispose]()
      throw error
    })
    return server
  }

  private constructor(folder: string, tree: string) {
    this.#folder = folder
    this.#tree = tree
  }

  /** Address and keys; a bucket has to be made first. */
  get settings(): { endpoint: string; keys: { id: string; secret: string } } {
    return { endpoint: `http://127.0.0.1:${this.#port}`, keys: KEYS }
  }

  async #start(): Promise<void> {
    await mkdir(join(this.#folder, 'disks/1'), { recursive: true })
    await writeFile(this.#conf('swift'), SWIFT_CONF)
    const memcached = await freePort()
    this.#run('memcached', join(this.#tree, 'usr/bin/memcached'), ['-u', 'root', '-l', '127.0.0.1', '-p', String(memcached), '-m', '32'])
    const ports = [memcached]
    for (const name of ['account', 'container', 'object']) {
      const port = await this.#serve(name, `[pipeline:main]\npipeline = ${name}-server\n[app:${name}-server]\nuse = egg:swift#${name}\n`)
      ports.push(port)
    }
    await run(PYTHON, ['-c', RINGS, this.#folder, ...ports.slice(1).map(String)], { env: this.#env })
    for (const port of ports) await this.#listens(port) // a proxy that finds one away does not ask it again for a minute
    this.#port = await this.#serve('proxy', proxyOf(memcached))
    await this.#listens(this.#port)
  }

  async #listens(port: number): Promise<void> {
    await waitFor('a server of Swift listens', () => isListening(port), START_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#programs.map(({ name, output }) => `${name}: ${output.slice(-1_000)}`).join('\n')}`)
    })
  }

  async #serve(name: string, pipeline: string): Promise<number> {
    const port = await freePort()
    await writeFile(this.#conf(name), `${defaultsOf(this.#folder, port)}${pipeline}`)
    this.#run(name, PYTHON, [...this.#launch(`swift-${name}-server`), this.#conf(name)])
    return port
  }

  #conf(name: string): string {
    return join(this.#folder, `${name}.conf`)
  }

  #launch(program: string): string[] {
    return ['-c', LAUNCHER, this.#conf('swift'), join(this.#tree, 'usr/bin', program)]
  }

  get #env(): Record<string, string> {
    const below = (path: string) => join(this.#tree, path)
    return {
      PYTHONPATH: below('usr/lib/python3/dist-packages'),
      LD_LIBRARY_PATH: ['x86_64', 'aarch64'].map((machine) => below(`usr/lib/${machine}-linux-gnu`)).join(':'),
    }
  }

  #run(name: string, command: string, args: readonly string[]): void {
    this.#programs.push(new TestProgram(name, { command, args, env: this.#env }).start())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()))
    await rm(this.#folder, { recursive: true, force: true })
  }
}

const SWIFT_CONF = `[swift-hash]
swift_hash_path_suffix = a
swift_hash_path_prefix = b
[storage-policy:0]
name = one
default = yes
`

/** `workers = 0`: no process of its own for each core, so that a kill takes all. */
const defaultsOf = (folder: string, port: number): string => `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = root
swift_dir = ${folder}
devices = ${join(folder, 'disks')}
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
`

const proxyOf = (memcached: number): string => `[pipeline:main]
pipeline = catch_errors cache listing_formats s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${memcached}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
auth_pipeline_check = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = ${KEYS.secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
`

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy()).once('connect', () => socket.destroy())
  })
