// Finds the database servers that `npm run bench -- field` measures beside us, or fetches Debian's packages of them into a cache. Plain JavaScript that runs on Node 20.
import { execFile } from 'node:child_process'
import { access, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { keepDebianTree } from './debian-package.mjs'

/** Debian's package, the setting that names the program, and where the program lies below a root. */
const PEERS = [
  { name: 'influxdb', setting: 'IB_STREAM_INFLUXD', program: async (root) => join(root, 'usr/bin/influxd') },
  { name: 'postgresql', setting: 'IB_STREAM_POSTGRES', program: newestPostgres },
]

/**
 * Paths of the servers as settings of the environment. One that is not here and cannot be fetched is left out, and said.
 * @param {{ env?: Record<string, string | undefined>, say?: (line: string) => void }} options
 * @returns {Promise<Record<string, string>>}
 */
export async function findFieldPeers({ env = process.env, say = () => {} } = {}) {
  const found = {}
  for (const peer of PEERS) {
    try {
      found[peer.setting] = env[peer.setting] || (await findPeer(peer, env, say))
    } catch (error) {
      say(`without ${peer.name}: ${error.message.split('\n')[0]}`)
    }
  }
  return found
}

async function findPeer({ name, program }, env, say) {
  const cached = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream', `debian-${name}`)
  for (const root of ['/', cached]) {
    const path = await program(root)
    if (await runs(path)) return path
  }
  say(`${name} is not here; fetching Debian's package into ${cached}`)
  await keepDebianTree(cached, [name])
  const path = await program(cached)
  if (await runs(path)) return path
  throw new Error(`what came does not run here: ${path}`)
}

async function newestPostgres(root) {
  const versions = await readdir(join(root, 'usr/lib/postgresql')).catch(() => [])
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0] ?? 'none'
  return join(root, 'usr/lib/postgresql', newest, 'bin/postgres')
}

/** With the libraries that lie beside it. */
async function runs(path) {
  try {
    await access(path)
    await promisify(execFile)(path, [path.endsWith('influxd') ? 'version' : '--version'], { timeout: 10_000 })
    return true
  } catch {
    return false
  }
}
