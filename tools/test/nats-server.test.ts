import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

const NEWEST = `
import { findNewestNatsServer } from './tools/nats-server.mjs'
findNewestNatsServer({ say: () => {} }).then(console.log, (error) => { console.error(error.message); process.exit(1) })`

const SCRIPT = `
import { findNatsServer } from './tools/nats-server.mjs'
findNatsServer({ releasesUrl: process.env.RELEASES, places: [], say: () => {} }).then(console.log, (error) => { console.error(error.message); process.exit(1) })`

describe('findNatsServer', () => {
  let folder = ''
  let server: Server
  let files: Record<string, Buffer> = {}

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-find-'))
    files = {}
    server = createServer((request, response) => {
      const body = files[(request.url ?? '').split('/').at(-1) ?? '']
      response.writeHead(body ? 200 : 404).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    server.close()
    await rm(folder, { recursive: true, force: true })
  })

  const fake = (version: string) => `#!/bin/sh\necho nats-server: v${version}\n`
  const put = async (path: string, version: string) => {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), fake(version), { mode: 0o755 })
    return join(folder, path)
  }
  /** Serves a release as its makers do: an archive and, beside it, the sums of all archives. */
  const publish = async (release: string, sum?: string) => {
    const system = process.platform === 'darwin' ? 'darwin' : 'linux'
    const name = `nats-server-${release}-${system}-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`
    await put(`release/${name}/nats-server`, release.slice(1))
    spawnSync('tar', ['-czf', join(folder, 'release.tar.gz'), '-C', join(folder, 'release'), name])
    const archive = await readFile(join(folder, 'release.tar.gz'))
    files = {
      [`${name}.tar.gz`]: archive,
      SHA256SUMS: Buffer.from(`${sum ?? createHash('sha256').update(archive).digest('hex')}  ${name}.tar.gz\n`),
    }
  }
  /** PATH has what the system has, but no other nats-server; apt's tools are left out so that only the release can be fetched. */
  const find = (env: Record<string, string> = {}, script = SCRIPT) =>
    new Promise<{ status: number | null; out: string; err: string }>((resolve) => {
      const tools = join(folder, 'tools')
      const { port } = server.address() as AddressInfo
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        env: { PATH: tools, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), RELEASES: `http://127.0.0.1:${port}`, ...env },
      })
      let out = ''
      let err = ''
      child.stdout.on('data', (bytes) => (out += bytes))
      child.stderr.on('data', (bytes) => (err += bytes))
      child.on('exit', (status) => resolve({ status, out: out.trim(), err }))
    })
  const withTools = async () => {
    await mkdir(join(folder, 'tools'), { recursive: true })
    for (const tool of ['tar', 'gzip', 'sh', 'echo']) {
      const path = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim()
      if (path.startsWith('/')) await writeFile(join(folder, 'tools', tool), `#!/bin/sh\nexec ${path} "$@"\n`, { mode: 0o755 })
    }
  }
  const RELEASE = async () => /RELEASE = '(v[\d.]+)'/.exec(await readFile('tools/nats-server.mjs', 'utf8'))?.[1] ?? ''

  it('takes the one that is named, and refuses a named one that is too old', async () => {
    const good = await put('good/nats-server', '2.10.27')
    expect(await find({ IB_STREAM_NATS_SERVER: good })).toMatchObject({ status: 0, out: good })
    const old = await put('old/nats-server', '2.9.10')
    const { status, err } = await find({ IB_STREAM_NATS_SERVER: old })
    expect(status).toBe(1)
    expect(err).toContain('version 2.9.10 is older than 2.10')
  })

  it('takes one on PATH that is new enough, and passes over one that is not', async () => {
    const old = await put('a/nats-server', '2.9.10')
    const good = await put('b/nats-server', '2.11.0')
    expect((await find({ PATH: `${join(old, '..')}:${join(good, '..')}:/usr/bin:/bin` })).out).toBe(good)
  })

  it('fetches the official release once, and finds it in the cache afterwards', async () => {
    await withTools()
    await publish(await RELEASE())
    const cached = join(folder, 'cache/ib-stream/nats-server')
    expect(await find()).toMatchObject({ status: 0, out: cached })
    files = {}
    expect((await find()).out).toBe(cached)
  })

  it('does not take a release whose checksum is another one, and says what to do', async () => {
    await withTools()
    await publish(await RELEASE(), '0'.repeat(64))
    const { status, err } = await find()
    expect(status).toBe(1)
    expect(err).toContain('published is 000')
    expect(err).toContain('IB_STREAM_NATS_SERVER')
  })

  it('has the newest server apart from the one that is run, and says by name when it cannot be had', async () => {
    const { status, err } = await find({}, NEWEST)
    expect(status).toBe(1)
    expect(err).toContain("Debian's newest package")
    const cached = await put('cache/ib-stream/nats-server-newest', '2.15.1')
    await put('cache/ib-stream/nats-server', '2.10.27')
    expect(await find({}, NEWEST)).toMatchObject({ status: 0, out: cached })
  })
})
