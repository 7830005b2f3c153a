import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { ServiceError } from '@ib-stream/service'

/** `read`: everything that only looks. `admin`: also what changes something. */
export const SCOPES = ['read', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export interface ApiKey {
  /** What people call it; in `/v3/clients` and in limits. */
  name: string
  scope: Scope
  /** SHA-256 of the key. Keys are random, so a slow hash would add nothing. */
  hash: Buffer
}

const LINE = /^([\w.-]{1,64})\s+(read|admin)\s+([0-9a-f]{64})$/
const LOOK_EVERY_MS = 1_000

export const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest()

/**
 * The keys of a text: a line each, `name scope sha256`; empty lines and those that begin with # do not count.
 * @throws ServiceError `IBS_CONFIG_INVALID` naming every wrong line
 */
export function parseKeys(text: string): readonly ApiKey[] {
  const keys: ApiKey[] = []
  const problems: string[] = []
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, name, scope, hash] = LINE.exec(line) ?? []
    if (name === undefined || hash === undefined) problems.push(`line ${i + 1}: is not "name read|admin sha256-of-the-key"`)
    else if (keys.some((key) => key.name === name)) problems.push(`line ${i + 1}: ${name} is there already`)
    else keys.push({ name, scope: scope as Scope, hash: Buffer.from(hash, 'hex') })
  }
  if (problems.length === 0) return keys
  throw new ServiceError(
    'IBS_CONFIG_INVALID',
    `the file of API keys is wrong: ${problems.join('; ')}; docs/guides/api-keys.md has its form`,
    {
      problems,
    },
  )
}

/** A file of keys as it is now: a changed one counts within a second, without a restart. */
export interface KeyFile extends Disposable {
  readonly keys: readonly ApiKey[]
  /** Undefined for a key that is not in the file. */
  find(key: string): ApiKey | undefined
}

/**
 * @param onChange after each reading that changed something; `problem` where the new file cannot be read and the old keys go on counting
 * @throws ServiceError `IBS_CONFIG_INVALID` when it cannot be read at first
 */
export function openKeyFile(path: string, onChange: (change: { keys: readonly ApiKey[]; problem?: string }) => void): KeyFile {
  let keys = readKeys(path)
  let version = versionOf(path)
  const look = () => {
    const now = versionOf(path)
    if (now === version) return
    version = now
    try {
      keys = readKeys(path)
      onChange({ keys })
    } catch (error) {
      onChange({ keys, problem: Error.isError(error) ? error.message : String(error) })
    }
  }
  const timer = setInterval(look, LOOK_EVERY_MS).unref()
  return {
    get keys() {
      return keys
    },
    find: (key) => {
      const hash = hashOf(key)
      return keys.find((one) => timingSafeEqual(one.hash, hash))
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

function readKeys(path: string): readonly ApiKey[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ServiceError(
      'IBS_CONFIG_INVALID',
      `API_KEYS_FILE=${path} cannot be read; make it, or leave the setting out`,
      { path },
      { cause },
    )
  }
  const keys = parseKeys(text)
  if (keys.length > 0) return keys
  throw new ServiceError('IBS_CONFIG_INVALID', `API_KEYS_FILE=${path} has no key; add one, or leave the setting out`, { path })
}

/** Changes with every writing of the file, also where it is replaced by another. */
function versionOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat ? `${stat.ino} ${stat.mtimeMs} ${stat.size}` : 'none'
}
