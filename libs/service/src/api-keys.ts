import { createHash } from 'node:crypto'
import { ServiceError } from './errors.ts'

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

export const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest()

/** The line of a key in a file of keys. */
export const keyLine = ({ name, scope, hash }: ApiKey): string => `${name} ${scope} ${hash.toString('hex')}`

/** Whether a line of a file of keys is about a key; empty ones and those that begin with # are not. */
export const isKeyLine = (line: string): boolean => line.trim() !== '' && !line.trim().startsWith('#')

/**
 * The keys of a text: a line each, `name scope sha256`.
 * @throws ServiceError `IBS_CONFIG_INVALID` naming every wrong line
 */
export function parseKeys(text: string): readonly ApiKey[] {
  const keys: ApiKey[] = []
  const problems: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (!isKeyLine(line)) continue
    const [, name, scope, hash] = LINE.exec(line.trim()) ?? []
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
