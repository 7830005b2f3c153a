// Finds a nats-server of 2.10 or newer, or fetches one into a cache. Plain JavaScript that runs on Node 20: it works before anything is installed.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { fetchDebianPackage } from './debian-package.mjs'

const run = promisify(execFile)

const OLDEST = [2, 10]
/** The release that is fetched; its archive is held to the checksum published beside it. */
const RELEASE = 'v2.12.6'
const RELEASES_URL = 'https://github.com/nats-io/nats-server/releases/download'
/** Debian's suites that have a new enough package, the stable one first. */
const DEBIAN_SUITES = ['trixie', 'sid']
const FETCH_WITHIN_MS = 60_000

const cacheFolder = (env) => join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream')

/**
 * Path of a usable nats-server. Looks at IB_STREAM_NATS_SERVER, PATH and /usr/sbin, the cache; then fetches the official release, then Debian's package.
 * @param {{ env?: Record<string, string | undefined>, say?: (line: string) => void, releasesUrl?: string, places?: string[] }} options
 * @returns {Promise<string>}
 */
export async function findNatsServer({
  env = process.env,
  say = () => {},
  releasesUrl = RELEASES_URL,
  places = ['/usr/sbin/nats-server'],
} = {}) {
  const named = env.IB_STREAM_NATS_SERVER
  if (named) {
    const version = await versionOf(named)
    if (isNewEnough(version)) return named
    throw new Error(
      `IB_STREAM_NATS_SERVER=${named}: ${version ? `version ${version.join('.')} is older than ${OLDEST.join('.')}` : 'not a nats-server that runs here'}; name another or unset it`,
    )
  }
  const cached = join(cacheFolder(env), 'nats-server')
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, 'nats-server'))
  for (const candidate of [...onPath, ...places, cached]) if (isNewEnough(await versionOf(candidate))) return candidate
  const sources = [
    ['the official release', (folder) => fetchRelease(folder, releasesUrl)],
    ["Debian's package", (folder) => fetchDebian(folder, DEBIAN_SUITES)],
  ]
  return await fetchInto(cached, { say, sources })
}

/**
 * Path of the newest nats-server that Debian has, fetched into the cache once; only tests ask for it.
 * @param {{ env?: Record<string, string | undefined>, say?: (line: string) => void }} options
 * @returns {Promise<string>}
 */
export async function findNewestNatsServer({ env = process.env, say = () => {} } = {}) {
  const cached = join(cacheFolder(env), 'nats-server-newest')
  if (isNewEnough(await versionOf(cached))) return cached
  const fetchNewest = (folder) => fetchDebian(folder, [...DEBIAN_SUITES].reverse())
  return await fetchInto(cached, { say, sources: [["Debian's newest package", fetchNewest]] })
}

async function versionOf(path) {
  try {
    await access(path)
    const { stdout } = await run(path, ['--version'], { timeout: 10_000 })
    return /v?(\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number)
  } catch {
    return undefined // not there or does not run: the next candidate
  }
}

const isNewEnough = (version) => version !== undefined && (version[0] > OLDEST[0] || (version[0] === OLDEST[0] && version[1] >= OLDEST[1]))

async function fetchInto(target, { say, sources }) {
  const failures = []
  await mkdir(join(target, '..'), { recursive: true })
  for (const [what, fetchFrom] of sources) {
    const folder = await mkdtemp(join(tmpdir(), 'ib-stream-nats-'))
    try {
      say(failures.length === 0 ? `such a nats-server is not here; fetching ${what}` : `that did not work; fetching ${what}`)
      const binary = await fetchFrom(folder)
      await chmod(binary, 0o755)
      if (!isNewEnough(await versionOf(binary))) throw new Error('what came does not run here')
      await install(binary, target)
      say(`nats-server is in ${target}`)
      return target
    } catch (error) {
      failures.push(`${what}: ${error.message.split('\n')[0]}`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  throw new Error(
    `no nats-server of version 2.10 or newer, and none could be fetched (${failures.join('; ')}). ` +
      'Install it (https://docs.nats.io/running-a-nats-service/introduction/installation) so that it is on PATH, or name it in IB_STREAM_NATS_SERVER.',
  )
}

/** Two first starts at once both fetch; the rename makes either result whole. */
async function install(binary, target) {
  const staged = `${target}.${process.pid}`
  await writeFile(staged, await readFile(binary), { mode: 0o755 })
  await rename(staged, target)
}

async function fetchRelease(folder, releasesUrl) {
  const machine = { x64: 'amd64', arm64: 'arm64' }[process.arch]
  const system = { linux: 'linux', darwin: 'darwin' }[process.platform]
  if (!machine || !system) throw new Error(`no release known for ${process.platform} ${process.arch}`)
  const name = `nats-server-${RELEASE}-${system}-${machine}`
  const sums = (await download(`${releasesUrl}/${RELEASE}/SHA256SUMS`)).toString()
  const wanted = sums
    .split('\n')
    .map((line) => line.trim().split(/\s+\*?/))
    .find(([, file]) => file === `${name}.tar.gz`)?.[0]
  if (!wanted) throw new Error(`no checksum is published for ${name}.tar.gz`)
  const archive = await download(`${releasesUrl}/${RELEASE}/${name}.tar.gz`)
  const got = createHash('sha256').update(archive).digest('hex')
  if (got !== wanted) throw new Error(`checksum of ${name}.tar.gz is ${got}, published is ${wanted}`)
  await writeFile(join(folder, 'release.tar.gz'), archive)
  await run('tar', ['-xzf', 'release.tar.gz'], { cwd: folder })
  return join(folder, name, 'nats-server')
}

async function download(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_WITHIN_MS) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

async function fetchDebian(folder, suites) {
  return join(await fetchDebianPackage(folder, { name: 'nats-server', suites }), 'usr/sbin/nats-server')
}
