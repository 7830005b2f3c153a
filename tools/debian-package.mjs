// Fetches one package from a suite of Debian that need not be the system's own. Plain JavaScript that runs on Node 20: it works before anything is installed.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Unpacks a package into `folder`/tree, by a private apt configuration: the system's lists and packages stay as they are.
 * @param {string} folder empty, to work in
 * @param {{ name: string, suites: readonly string[] }} wanted the package, and the suites to look in, first choice first
 * @returns {Promise<string>} the tree's path
 */
export async function fetchDebianPackage(folder, { name, suites }) {
  const uri = await debianMirror()
  for (const part of ['lists/partial', 'cache/archives/partial', 'out']) await mkdir(join(folder, part), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  const failures = []
  for (const suite of suites) {
    await writeFile(join(folder, 'sources.list'), `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${uri} ${suite} main\n`)
    const apt = Object.entries({
      'Dir::Etc::sourcelist': join(folder, 'sources.list'),
      'Dir::Etc::sourceparts': '-',
      'Dir::State::lists': join(folder, 'lists'),
      'Dir::State::status': join(folder, 'status'),
      'Dir::Cache': join(folder, 'cache'),
      'APT::Sandbox::User': 'root',
    }).flatMap(([option, value]) => ['-o', `${option}=${value}`])
    try {
      await run('apt-get', [...apt, '-qq', 'update'], { timeout: 180_000 })
      await run('apt-get', [...apt, '-qq', 'download', name], { cwd: join(folder, 'out'), timeout: 180_000 })
      const deb = (await readdir(join(folder, 'out'))).find((file) => file.endsWith('.deb'))
      await run('dpkg', ['-x', join('out', deb), 'tree'], { cwd: folder })
      return join(folder, 'tree')
    } catch (error) {
      failures.push(`${suite}: ${error.message.split('\n').at(-1) || error.message.split('\n')[0]}`)
    }
  }
  throw new Error(failures.join(', '))
}

/** The mirror that this system uses already, ending in /debian. */
export async function debianMirror() {
  const folder = '/etc/apt/sources.list.d'
  const names = await readdir(folder).catch(() => [])
  for (const path of [...names.map((name) => join(folder, name)), '/etc/apt/sources.list']) {
    const text = await readFile(path, 'utf8').catch(() => '')
    const uri = /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(https?:\/\/\S+\/debian\/?)(?:\s|$)/m.exec(text)?.[1]
    if (uri) return uri
  }
  throw new Error('no Debian mirror is configured here')
}

/**
 * Keeps what `fetchDebianTree` gives as a folder of its own, which is there whole or not at all.
 * @param {string} kept
 * @param {readonly string[]} names
 */
export async function keepDebianTree(kept, names) {
  const folder = await mkdtemp(join(tmpdir(), 'ib-stream-debian-'))
  try {
    const partial = `${kept}.${process.pid}`
    await cp(await fetchDebianTree(folder, names), partial, { recursive: true, verbatimSymlinks: true })
    await mkdir(dirname(kept), { recursive: true })
    await rm(kept, { recursive: true, force: true })
    await rename(partial, kept)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Unpacks packages of this system's own suite together with what of their dependencies the system lacks; nothing is installed. Their programs may need
 * `tree`/usr/lib/… in LD_LIBRARY_PATH.
 * @param {string} folder empty, to work in
 * @param {readonly string[]} names
 * @returns {Promise<string>} the tree's path
 */
export async function fetchDebianTree(folder, names) {
  for (const part of ['lists/partial', 'cache/archives/partial', 'tree']) await mkdir(join(folder, part), { recursive: true })
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  const source = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${await debianMirror()} ${suite} main\n`
  await writeFile(join(folder, 'sources.list'), source)
  const apt = Object.entries({
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': 'true',
  }).flatMap(([option, value]) => ['-o', `${option}=${value}`])
  await run('apt-get', [...apt, '-qq', 'update'], { timeout: 180_000 })
  await run('apt-get', [...apt, '-qq', '-y', '--no-install-recommends', '--download-only', 'install', ...names], { timeout: 180_000 })
  const archives = join(folder, 'cache/archives')
  for (const deb of (await readdir(archives)).filter((file) => file.endsWith('.deb')))
    await run('dpkg', ['-x', join(archives, deb), join(folder, 'tree')])
  return join(folder, 'tree')
}
