// Finds a Chromium for the tests of the page, or fetches Debian's into a cache. Plain JavaScript that runs on Node 20, as its sisters.
import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Names under which systems have it, first choice first. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const STARTS_WITHIN_MS = 30_000
const FETCH_WITHIN_MS = 600_000
const PACKAGE = 'chromium-headless-shell'

/**
 * Path of a Chromium that runs here: IB_STREAM_CHROMIUM, PATH, the cache; then Debian's package with all that it stands on, unpacked into the cache: the system stays as it is.
 * @param {{ env?: Record<string, string | undefined>, say?: (line: string) => void }} options
 * @returns {Promise<string>}
 */
export async function findChromium({ env = process.env, say = () => {} } = {}) {
  const named = env.IB_STREAM_CHROMIUM
  if (named) {
    if (await runs(named)) return named
    throw new Error(`IB_STREAM_CHROMIUM=${named} does not run here; name another or unset it`)
  }
  const folder = join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream/chromium')
  const onPath = (env.PATH ?? '').split(delimiter).flatMap((place) => NAMES.map((name) => join(place, name)))
  for (const candidate of [...onPath, join(folder, 'chromium')]) if (await runs(candidate)) return candidate
  say(`there is no Chromium here; fetching Debian's into ${folder}`)
  return await fetchInto(folder)
}

async function runs(path) {
  try {
    await access(path)
    await run(path, ['--headless', '--no-sandbox', '--version'], { timeout: STARTS_WITHIN_MS })
    return true
  } catch {
    return false // not there, or a library that it needs is not
  }
}

/** The packages are downloaded by apt as for an installation, but only unpacked; a script beside them says where their libraries are. */
async function fetchInto(folder) {
  const work = await mkdtemp(join(tmpdir(), 'ib-stream-chromium-'))
  try {
    for (const part of ['lists/partial', 'cache/archives/partial', 'tree']) await mkdir(join(work, part), { recursive: true })
    const apt = ['-o', `Dir::State::lists=${work}/lists`, '-o', `Dir::Cache=${work}/cache`, '-o', 'APT::Sandbox::User=root', '-qq']
    await run('apt-get', [...apt, 'update'], { timeout: FETCH_WITHIN_MS })
    const install = ['install', '--download-only', '--no-install-recommends', '-y', PACKAGE, 'fonts-dejavu-core']
    await run('apt-get', [...apt, '-o', 'Debug::NoLocking=1', ...install], { timeout: FETCH_WITHIN_MS })
    await run('sh', ['-c', 'for deb in cache/archives/*.deb; do dpkg -x "$deb" tree; done'], { cwd: work })
    const { stdout } = await run(
      'sh',
      ['-c', 'find . -name "*.so*" -printf "%h\\n" | sort -u; find . -name chromium-headless-shell -type f -printf "binary %p\\n"'],
      {
        cwd: join(work, 'tree'),
      },
    )
    const lines = stdout.trim().split('\n')
    const binary = lines.map((line) => /^binary \.\/(.*\/lib\/.*|.*)$/.exec(line)?.[1]).findLast((path) => path !== undefined)
    if (!binary) throw new Error(`the package ${PACKAGE} has no program of that name`)
    const libraries = lines.filter((line) => !line.startsWith('binary ')).map((line) => `$here/tree/${line.slice(2)}`)
    const script = `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexport LD_LIBRARY_PATH="${libraries.join(':')}"\nexec "$here/tree/${binary}" "$@"\n`
    await writeFile(join(work, 'chromium'), script, { mode: 0o755 })
    if (!(await runs(join(work, 'chromium')))) throw new Error('what came does not run here')
    await rm(folder, { recursive: true, force: true })
    await mkdir(join(folder, '..'), { recursive: true })
    await rename(work, folder).catch(() => run('cp', ['-a', work, folder])) // another disk
    return join(folder, 'chromium')
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
