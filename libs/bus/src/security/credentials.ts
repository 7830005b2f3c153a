import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { createUser, fromSeed, type KeyPair } from '@nats-io/nkeys'
import { BusError } from '../errors.ts'
import { accountsConfig, clusterConfig } from './accounts-config.ts'
import { BUS_USERS, type BusUser } from './bus-users.ts'

const SEED_FILE = 'nkey.seed'
const TEXT = new TextEncoder()

/** Where the seed of a user lies, a folder for each: a container is given its own and no other. */
const seedFile = (folder: string, user: string): string => join(folder, user, SEED_FILE)

/** What a nats-server includes to know the users; it holds public keys only. */
export const accountsFile = (folder: string): string => join(folder, 'server', 'accounts.conf')

export interface MakeCredentialsOptions {
  /** Whose the files are; default: of who makes them. */
  owner?: { uid: number; gid: number } | undefined
  /** Names of the servers of a cluster: a second file for them is written beside the first, `cluster-accounts.conf`. */
  cluster?: readonly string[]
}

/**
 * Makes the key of every user that has none yet, and writes anew what the server includes. Seeds are readable by their owner only.
 * @returns users whose keys are new
 * @throws BusError `IBS_BUS_CREDENTIALS_INVALID`; errors of the file system
 */
export async function makeCredentials(folder: string, { owner, cluster = [] }: MakeCredentialsOptions = {}): Promise<BusUser[]> {
  const made: BusUser[] = []
  const keys = {} as Record<BusUser, string>
  for (const user of BUS_USERS) {
    const before = await readSeed(folder, user)
    const pair = before ?? createUser()
    if (!before) {
      made.push(user)
      await writeWhole(seedFile(folder, user), `${new TextDecoder().decode(pair.getSeed())}\n`, { mode: 0o600, owner })
    }
    keys[user] = pair.getPublicKey()
  }
  const accounts = accountsConfig(keys)
  await writeWhole(accountsFile(folder), accounts, { mode: 0o644, owner })
  if (cluster.length > 0) {
    const text = `${accounts}${clusterConfig(cluster, await clusterSecret(folder, owner))}`
    await writeWhole(join(folder, 'server', 'cluster-accounts.conf'), text, { mode: 0o600, owner })
  }
  return made
}

/** Stays once it is made: servers that run know it. */
async function clusterSecret(folder: string, owner: MakeCredentialsOptions['owner']): Promise<string> {
  const path = join(folder, 'server', 'cluster.secret')
  const before = await readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  })
  if (before.trim() !== '') return before.trim()
  const secret = randomBytes(24).toString('hex')
  await writeWhole(path, `${secret}\n`, { mode: 0o600, owner })
  return secret
}

/** A seed is there whole or not at all, also after a power cut in the middle. */
async function writeWhole(
  path: string,
  text: string,
  { mode, owner }: { mode: number; owner: MakeCredentialsOptions['owner'] },
): Promise<void> {
  const folder = join(path, '..')
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const unfinished = `${path}.new`
  await writeFile(unfinished, text, { mode, flush: true })
  await chmod(unfinished, mode) // one of an earlier attempt keeps the mode that it had
  if (owner) await chown(unfinished, owner.uid, owner.gid)
  await rename(unfinished, path)
}

/**
 * The key with which a service says who it is.
 * @throws BusError `IBS_BUS_NO_CREDENTIALS` where the folder has none for it, `IBS_BUS_CREDENTIALS_INVALID`
 */
export async function readCredentials(folder: string, user: string): Promise<Uint8Array> {
  const pair = await readSeed(folder, user)
  if (pair) return pair.getSeed()
  const path = seedFile(folder, user)
  throw new BusError(
    'IBS_BUS_NO_CREDENTIALS',
    `${path} is not there; make it with "ib-stream credentials ${folder}", or leave NATS_CREDENTIALS empty`,
    { path, user },
  )
}

async function readSeed(folder: string, user: string): Promise<KeyPair | undefined> {
  const path = seedFile(folder, user)
  try {
    return fromSeed(TEXT.encode((await readFile(path, 'utf8')).trim()))
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT') return undefined
    const why = Error.isError(cause) ? cause.message : String(cause)
    throw new BusError(
      'IBS_BUS_CREDENTIALS_INVALID',
      `${path} holds no seed that can be read (${why}); remove it, make it anew with "ib-stream credentials", and restart nats-server`,
      { path, user },
      { cause },
    )
  }
}
