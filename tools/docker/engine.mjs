// A container engine for the tests: the one that runs here, else one started for them. Plain JavaScript, as all that stands behind the npm scripts.
import { execFile, spawn } from 'node:child_process'
import { access, copyFile, mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { fetchDebianPackage } from '../debian-package.mjs'

const run = promisify(execFile)

const START_WITHIN_MS = 60_000
const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream')

/**
 * Opens an engine with Compose v2. One that runs is used; else, for root, `dockerd` is started on a socket of its own and ended by `close`.
 * @param {{ say: (line: string) => void }} options
 * @returns {Promise<{ env: Record<string, string>, close: () => Promise<void> }>} what the `docker` command needs in its environment
 * @throws when there is neither; the message says what to install
 */
export async function openEngine({ say }) {
  const folder = await mkdtemp(join(tmpdir(), 'ib-stream-docker-'))
  let engine
  try {
    // On a busy machine containerd may not be up in the time that dockerd gives it; a second try finds it in the page cache.
    const start = () => startEngine(folder, say).catch(() => startEngine(folder, say))
    engine = (await answers({})) ? { env: {}, close: async () => {} } : await start()
    await addCompose(engine.env, folder, say)
  } catch (error) {
    await engine?.close()
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  const close = async () => {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { env: engine.env, close }
}

const answers = (env) =>
  run('docker', ['info', '--format', '{{.ServerVersion}}'], { env: { ...process.env, ...env }, timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim() !== '',
    () => false,
  )

/** Images and layers stay in the cache, so that a second run needs not make them anew. */
async function startEngine(folder, say) {
  if (process.getuid?.() !== 0) throw new Error('no Docker engine answers, and only root could start one; start Docker')
  const dockerd = await findProgram('dockerd')
  if (!dockerd)
    throw new Error('no Docker engine answers, and there is no dockerd to start; install Docker (Debian: docker.io, iptables, debootstrap)')
  say('no Docker engine runs; starting one for the tests')
  const dataRoot = join(cacheFolder, 'docker')
  await mkdir(dataRoot, { recursive: true })
  const socket = `unix://${folder}/docker.sock`
  const args = ['--host', socket, '--data-root', dataRoot, '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')]
  const log = await open(join(folder, 'log'), 'w')
  const child = spawn(dockerd, args, { stdio: ['ignore', log.fd, log.fd], detached: true }) // a Ctrl-C is ours: containers are ended first
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  let alive = true
  void ended.then(() => (alive = false))
  const close = async () => {
    if (alive) process.kill(child.pid, 'SIGTERM')
    await ended
    await log.close()
    await run('umount', [join(folder, 'exec/netns/default')]).catch(() => {}) // dockerd leaves it mounted
  }
  const env = { DOCKER_HOST: socket }
  for (const end = Date.now() + START_WITHIN_MS; Date.now() < end && alive; ) {
    if (await answers(env)) return { env, close }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await close()
  const lines = (await readFile(join(folder, 'log'), 'utf8')).trimEnd().split('\n')
  throw new Error(`dockerd did not start; its last words: ${lines.slice(-5).join(' | ')}`)
}

/** Debian's engine of 2023 has no Compose v2; its plugin is fetched where `docker compose` is not to be had. */
async function addCompose(env, folder, say) {
  const has = () =>
    run('docker', ['compose', 'version'], { env: { ...process.env, ...env }, timeout: 10_000 }).then(
      () => true,
      () => false,
    )
  if (await has()) return
  const cached = join(cacheFolder, 'docker-compose')
  if (!(await exists(cached))) {
    say("there is no Compose v2; fetching Debian's package")
    const tree = await fetchDebianPackage(await mkdtemp(join(folder, 'compose-')), { name: 'docker-compose', suites: ['trixie', 'sid'] })
    await mkdir(cacheFolder, { recursive: true })
    await copyFile(join(tree, 'usr/libexec/docker/cli-plugins/docker-compose'), cached)
  }
  const plugins = join(folder, 'config/cli-plugins')
  await mkdir(plugins, { recursive: true })
  await copyFile(cached, join(plugins, 'docker-compose'))
  env.DOCKER_CONFIG = join(folder, 'config')
  if (!(await has())) throw new Error(`the Compose plugin ${cached} does not run here; install Docker Compose v2`)
}

async function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  for (const folder of folders) if (folder && (await exists(join(folder, name)))) return join(folder, name)
  return undefined
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  )
