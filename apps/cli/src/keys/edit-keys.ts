import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { codeOf } from '@ib-stream/model'
import { type ApiKey, hashOf, isKeyLine, keyLine, parseKeys, type Scope } from '@ib-stream/service'
import { CliError } from '../errors.ts'

/** Names and scopes of a file of API keys, in its order; the keys themselves are in nobody's file. @throws ServiceError `IBS_CONFIG_INVALID` */
export const listKeys = (path: string): readonly Pick<ApiKey, 'name' | 'scope'>[] =>
  parseKeys(textOf(path)).map(({ name, scope }) => ({ name, scope }))

/**
 * Adds a key to a file, which is made where it is missing.
 * @returns the key; it is shown now or never
 * @throws CliError `IBS_CLI_OPTION_INVALID`; ServiceError `IBS_CONFIG_INVALID`
 */
export function addKey(path: string, { name, scope }: { name: string; scope: Scope }): string {
  if (!NAME.test(name)) throw wrongName(name, 'is no name of a key; allowed: 1 to 64 letters, digits, dots, _ and -')
  const key = newKey()
  edit(path, (lines, keys) => {
    if (keys.some((one) => one.name === name)) throw wrongName(name, 'is there already; rotate it, or take another name')
    return [...lines, keyLine({ name, scope, hash: hashOf(key) })]
  })
  return key
}

/** Takes a key away; what runs by it is ended within a second or two. @throws CliError `IBS_CLI_OPTION_INVALID`; ServiceError `IBS_CONFIG_INVALID` */
export function revokeKey(path: string, name: string): void {
  edit(path, (lines, keys) => {
    if (keys.length === 1 && keys[0]?.name === name)
      throw wrongName(name, 'is the only key, and without any query-api does not start; add another one first')
    return replaced(lines, name, () => [])
  })
}

/**
 * Gives a key's name a new key; the old one counts no longer.
 * @returns the new key; it is shown now or never
 * @throws CliError `IBS_CLI_OPTION_INVALID`; ServiceError `IBS_CONFIG_INVALID`
 */
export function rotateKey(path: string, name: string): string {
  const key = newKey()
  edit(path, (lines, keys) =>
    replaced(lines, name, () => keys.filter((one) => one.name === name).map((one) => keyLine({ ...one, hash: hashOf(key) }))),
  )
  return key
}

const NAME = /^[\w.-]{1,64}$/
const KEY_BYTES = 32

const newKey = (): string => `ibs_${randomBytes(KEY_BYTES).toString('base64url')}`

function replaced(lines: readonly string[], name: string, by: () => readonly string[]): string[] {
  const at = lines.findIndex((line) => isKeyLine(line) && line.trim().split(/\s/)[0] === name)
  if (at < 0) throw wrongName(name, 'is no key of this file; list shows its names')
  return [...lines.slice(0, at), ...by(), ...lines.slice(at + 1)]
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

/**
 * Whole or not at all: a reader sees the old file or the new one. Comments stay. Whoever may read the old file, and nobody else, may read the new one; `path.new` is
 * the lock between two edits.
 */
function edit(path: string, change: (lines: readonly string[], keys: readonly ApiKey[]) => readonly string[]): void {
  const beside = `${path}.new`
  const file = openBeside(beside)
  try {
    const text = textOf(path)
    const lines = change(text === '' ? [] : text.replace(/\n$/, '').split('\n'), parseKeys(text))
    writeSync(file, `${lines.join('\n')}\n`)
    fsyncSync(file)
    const owner = statSync(path, { throwIfNoEntry: false })
    if (owner && process.getuid?.() === 0) chownSync(beside, owner.uid, owner.gid)
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

function openBeside(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
    throw new CliError(
      'IBS_CLI_OPTION_INVALID',
      `${path} is there: another edit runs, or died; wait for it, or remove the file`,
      { path },
      { cause },
    )
  }
}

const wrongName = (name: string, problem: string): CliError => new CliError('IBS_CLI_OPTION_INVALID', `"${name}" ${problem}`, { name })
