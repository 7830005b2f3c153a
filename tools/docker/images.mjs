// The images that the project's own is built from, where no registry can be reached: stand-ins of the same programs, made from Debian's packages.
import { execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { debianMirror, fetchDebianPackage } from '../debian-package.mjs'

const run = promisify(execFile)

const PULL_WITHIN_MS = 300_000
const BASE = 'ib-stream-stand-in-base'
/** Inherited by what is built on it, so that a stand-in of an earlier run is known again. */
const LABEL = 'ib-stream.stand-in'
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

/** What each stand-in adds to a bare Debian, by the name of the image without its tag. */
const STAND_INS = {
  node: {
    files: ({ node, npm }) => ({ node, npm, 'ca.crt': CERTIFICATES }),
    dockerfile: [
      'COPY node /usr/local/bin/node',
      'COPY npm /usr/local/lib/node_modules/npm',
      `COPY ca.crt ${CERTIFICATES}`,
      `ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`,
      'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && groupadd -g 1000 node && useradd -m -u 1000 -g node node',
      'CMD ["node"]',
    ],
  },
  'prom/prometheus': {
    files: async () => ({ bin: await debianPrograms('prometheus') }),
    dockerfile: [
      'COPY bin /usr/bin',
      'RUN mkdir /prometheus && chown 65534:65534 /prometheus',
      'USER 65534:65534',
      'ENTRYPOINT ["/usr/bin/prometheus"]',
    ],
  },
  nats: {
    files: ({ natsServer }) => ({ 'nats-server': natsServer }),
    dockerfile: ['COPY nats-server /usr/local/bin/nats-server', 'ENTRYPOINT ["/usr/local/bin/nats-server"]'],
  },
}

/**
 * Makes each image present: as it is, pulled, or as a stand-in under its very tag.
 * @param {readonly string[]} tags `node:24-slim`, `nats:2.10-alpine`
 * @param {{ env: Record<string, string>, programs: { node: string, natsServer: string }, say: (line: string) => void }} options `programs`: paths of what goes into stand-ins
 * @returns {Promise<string[]>} those that are stand-ins
 */
export async function ensureImages(tags, { env, programs, say }) {
  const docker = (args, options = {}) => run('docker', args, { ...options, env: { ...process.env, ...env } })
  const succeeds = (args, timeout) => docker(args, { timeout }).then(Boolean, () => false)
  const isStandIn = async (tag) =>
    (await docker(['image', 'inspect', '--format', `{{index .Config.Labels "${LABEL}"}}`, tag])).stdout.trim() === 'yes'
  const standIns = []
  for (const tag of tags) {
    if (await succeeds(['image', 'inspect', tag], 20_000)) {
      if (await isStandIn(tag)) standIns.push(tag)
      continue
    }
    if (await succeeds(['pull', '--quiet', tag], PULL_WITHIN_MS)) continue
    const standIn = STAND_INS[tag.split(':')[0]]
    if (!standIn) throw new Error(`${tag} can be neither pulled nor made here`)
    say(`${tag} cannot be pulled; making a stand-in from Debian's packages`)
    if (!(await succeeds(['image', 'inspect', BASE], 20_000))) await makeBase({ env })
    await build(tag, standIn, { docker, programs: { ...programs, npm: await npmFolder() } })
    standIns.push(tag)
  }
  return standIns
}

/** Debian's smallest system with wget, of the suite that this system is. */
async function makeBase({ env }) {
  const folder = await mkdtemp(join(tmpdir(), 'ib-stream-base-'))
  try {
    const suite = await debianSuite()
    const root = join(folder, 'root')
    await run('debootstrap', ['--variant=minbase', '--include=ca-certificates,wget', suite, root, await debianMirror()], {
      timeout: 600_000,
      maxBuffer: 2 ** 24,
    })
    await rm(join(root, 'var/cache/apt'), { recursive: true, force: true })
    await new Promise((resolve, reject) => {
      const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
      const docker = spawn('docker', ['import', '--change', `LABEL ${LABEL}=yes`, '-', BASE], {
        stdio: [tar.stdout, 'ignore', 'inherit'],
        env: { ...process.env, ...env },
      })
      docker.once('error', reject).once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`docker import ended with ${code}`))))
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function build(tag, { files, dockerfile }, { docker, programs }) {
  const context = await mkdtemp(join(tmpdir(), 'ib-stream-image-'))
  try {
    for (const [name, path] of Object.entries(await files(programs)))
      await cp(await realpath(path), join(context, name), { recursive: true, dereference: true })
    await writeFile(join(context, 'Dockerfile'), `${[`FROM ${BASE}`, ...dockerfile].join('\n')}\n`)
    await docker(['build', '--quiet', '--tag', tag, context], { timeout: 300_000 })
  } finally {
    await rm(context, { recursive: true, force: true })
  }
}

/** The programs of a package of the suite that the stand-ins are made of. */
const debianPrograms = async (name) =>
  join(await fetchDebianPackage(await mkdtemp(join(tmpdir(), `ib-stream-${name}-`)), { name, suites: [await debianSuite()] }), 'usr/bin')

const debianSuite = async () => /^VERSION_CODENAME=(\w+)/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1] ?? 'bookworm'

/** The npm that runs these scripts. */
async function npmFolder() {
  const cli = process.env.npm_execpath ?? (await run('which', ['npm'])).stdout.trim()
  return dirname(dirname(await realpath(cli)))
}
