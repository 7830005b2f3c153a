import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const ROOT = resolve(__dirname, '../..')

interface Ended {
  code: number
  said: string
}

const run = (command: string, ...args: string[]): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(command, args, { cwd: ROOT, maxBuffer: 2 ** 26 }, (_, stdout, stderr) =>
      done({ code: child.exitCode ?? -1, said: stdout + stderr }),
    )
  })

interface Locked {
  version: string
  dev?: boolean
  link?: boolean
}

/** What the lockfile has, by folder. */
async function locked(): Promise<[path: string, entry: Locked][]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
  return Object.entries(packages)
}

/** npm run against a registry that answers only what it is asked for an audit. */
async function audit(status: number, advisories: object): Promise<Ended & { asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(String(request.url))
    const isBulk = request.url === '/-/npm/v1/security/advisories/bulk'
    const version = '9.9.9'
    const [, name = ''] = request.url?.split('/') ?? []
    const body = isBulk ? advisories : { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } }
    request.resume()
    response.writeHead(isBulk || status !== 200 ? status : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const { port } = server.address() as AddressInfo
    const ended = await run(process.execPath, 'tools/audit.mjs', '--registry', `http://127.0.0.1:${port}`, '--fetch-retries', '0')
    return { ...ended, asked }
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

describe('npm run audit', () => {
  it('fails for a fault that the registry knows in a package of the image, and names it', async () => {
    const fault = { id: 1, url: 'https://example.com/1', title: 'made up', severity: 'high', vulnerable_versions: '*', cwe: [], cvss: {} }
    expect(await audit(200, { zod: [fault] })).toMatchObject({ code: 1, said: expect.stringMatching(/^high: zod /m) })
  }, 60_000)

  it('is content with a registry that knows none, and says loudly where one tells nothing', async () => {
    expect(await audit(200, {})).toMatchObject({ code: 0, said: expect.stringMatching(/^no known fault in \d+ packages\n$/) })
    const refused = await audit(405, { message: 'not here' })
    expect(refused).toMatchObject({ code: 0, said: expect.stringMatching(/^NOT AUDITED: .*405/) })
    expect(refused.asked.length).toBeGreaterThan(0)
  }, 60_000)
})

describe('npm run sbom', () => {
  it('lists every third-party package that the image installs, with its version, and none that only we develop with', async () => {
    const { code, said } = await run('npm', 'run', '--silent', 'sbom')
    expect(code).toBe(0)
    const bom = JSON.parse(said) as { bomFormat: string; components: { 'bom-ref': string }[] }
    expect(bom.bomFormat).toBe('CycloneDX')
    const listed = new Set(bom.components.map((component) => component['bom-ref']))
    const nameOf = (path: string) => path.split('node_modules/').at(-1) ?? ''
    const thirdParty = (await locked()).filter(([path, { link }]) => path.includes('node_modules/') && !link)
    const [production, development] = [thirdParty.filter(([, { dev }]) => !dev), thirdParty.filter(([, { dev }]) => dev)]
    expect(production.length).toBeGreaterThan(50)
    for (const name of ['zod', 'fastify', 'protobufjs']) expect([...listed].some((one) => one.startsWith(`${name}@`))).toBe(true)
    const missing = production.filter(([path, { version }]) => !listed.has(`${nameOf(path)}@${version}`)).map(([path]) => path)
    expect(missing).toEqual([])
    const produced = new Set(production.map(([path, { version }]) => `${nameOf(path)}@${version}`))
    const extra = development
      .map(([path, { version }]) => `${nameOf(path)}@${version}`)
      .filter((one) => listed.has(one) && !produced.has(one))
    expect(extra).toEqual([])
  }, 60_000)
})
