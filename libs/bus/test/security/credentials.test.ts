import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectBus } from '../../src/connection.ts'
import { BUS_USERS } from '../../src/security/bus-users.ts'
import { accountsFile, makeCredentials } from '../../src/security/credentials.ts'
import { TestNats } from '../support/test-nats.ts'
import { SecuredNats } from './secured-nats.ts'

const within = () => AbortSignal.timeout(60_000)

describe('makeCredentials', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-credentials-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const seedOf = (user: string) => readFile(join(folder, user, 'nkey.seed'), 'utf8')

  it('makes a seed for each user that only its owner can read, and tells the server the public half alone', async () => {
    expect(await makeCredentials(folder)).toEqual([...BUS_USERS])
    const accounts = await readFile(accountsFile(folder), 'utf8')
    const seeds = await Promise.all(BUS_USERS.map(seedOf))
    expect(new Set(seeds).size).toBe(BUS_USERS.length)
    for (const [i, user] of BUS_USERS.entries()) {
      expect((await stat(join(folder, user, 'nkey.seed'))).mode & 0o777).toBe(0o600)
      expect(seeds[i]).toMatch(/^SU[A-Z0-9]+\n$/)
      expect(accounts).not.toContain(seeds[i]?.trim())
    }
    expect(accounts.match(/nkey: U[A-Z0-9]{55} /g)).toHaveLength(BUS_USERS.length)
  })

  it('keeps the keys that are there, and makes those that are missing', async () => {
    await makeCredentials(folder)
    const before = await seedOf('keeper')
    await rm(join(folder, 'writer-parquet'), { recursive: true })
    expect(await makeCredentials(folder)).toEqual(['writer-parquet'])
    expect(await seedOf('keeper')).toBe(before)
    expect(await makeCredentials(folder)).toEqual([])
  })

  it('makes nothing of a damaged seed: it says which, and what to do', async () => {
    await makeCredentials(folder)
    await writeFile(join(folder, 'keeper/nkey.seed'), 'SUAB')
    await expect(makeCredentials(folder)).rejects.toMatchObject({
      code: 'IBS_BUS_CREDENTIALS_INVALID',
      message: expect.stringMatching(/keeper\/nkey\.seed holds no seed .*remove it/),
    })
  })

  it('tells who connects without a key of their own what to make', async () => {
    await expect(connectBus({ url: 'nats://127.0.0.1:9', name: 'keeper', credentials: folder })).rejects.toMatchObject({
      code: 'IBS_BUS_NO_CREDENTIALS',
      message: expect.stringMatching(/keeper\/nkey\.seed is not there; make it with "ib-stream credentials /),
    })
  })
})

describe('a server that knows the users', () => {
  it('refuses a key of another installation, and the service says so instead of waiting', async () => {
    await using nats = await SecuredNats.start()
    const other = join(nats.folder, 'other')
    await makeCredentials(other)
    await waitForServer(nats)
    await expect(connectBus({ url: nats.url, name: 'keeper', credentials: other, signal: within() })).rejects.toMatchObject({
      code: 'IBS_BUS_NOT_AUTHORIZED',
      message: expect.stringContaining('does not know the key of keeper'),
    })
  })

  it('lets nobody without a key wait for answers that cannot come', async () => {
    await using nats = await SecuredNats.start()
    await expect(connectBus({ url: nats.url, name: 'cli', signal: within() })).rejects.toMatchObject({
      code: 'IBS_BUS_NOT_AUTHORIZED',
      message: expect.stringContaining('set NATS_CREDENTIALS to the folder'),
    })
  })

  it('is no requirement: a key is not asked for by a server that knows nobody', async () => {
    await using nats = await TestNats.start()
    await using folder = await temporary()
    await makeCredentials(folder.path)
    await using bus = await connectBus({ url: nats.url, name: 'keeper', credentials: folder.path, signal: within() })
    expect(bus.state).toBe('connected')
  })
})

describe('TLS', () => {
  const TLS = join(__dirname, 'tls')
  const CA = join(TLS, 'ca.pem')
  const CONFIG = [`tls { cert_file: ${JSON.stringify(join(TLS, 'server.pem'))}, key_file: ${JSON.stringify(join(TLS, 'server-key.pem'))} }`]

  it('is spoken to a server whose certificate comes from NATS_CA_FILE', async () => {
    await using nats = await SecuredNats.start(CONFIG)
    const url = nats.url.replace('nats://', 'tls://')
    await using bus = await connectBus({ url, name: 'ingest', credentials: nats.credentials, caFile: CA, signal: within() })
    expect(bus.connection.info?.tls_required).toBe(true)
    await bus.connection.flush()
  })

  it('is refused where the certificate comes from nobody who is trusted', async () => {
    await using nats = await SecuredNats.start(CONFIG)
    const url = nats.url.replace('nats://', 'tls://')
    const connecting = connectBus({ url, name: 'ingest', credentials: nats.credentials, signal: AbortSignal.timeout(1_000) })
    await expect(connecting).rejects.toThrow()
    expect(nats.program.output).toMatch(/TLS handshake error/)
  })

  it('is insisted on: nothing is said to a server that has none', async () => {
    await using nats = await SecuredNats.start()
    await waitForServer(nats)
    for (const tls of [{ url: nats.url.replace('nats://', 'tls://') }, { url: nats.url, caFile: CA }]) {
      const connecting = connectBus({ ...tls, name: 'ingest', credentials: nats.credentials, signal: AbortSignal.timeout(1_000) })
      await expect(connecting).rejects.toThrow()
    }
  })
})

/** Connects once as it should be done, so that a refusal after it is one. */
async function waitForServer({ url, credentials }: SecuredNats): Promise<void> {
  await using bus = await connectBus({ url, name: 'keeper', credentials, signal: within() })
  await bus.connection.flush()
}

async function temporary(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ibs-credentials-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
