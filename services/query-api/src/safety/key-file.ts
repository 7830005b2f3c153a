import { timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { type ApiKey, hashOf, parseKeys, ServiceError } from '@ib-stream/service'

const LOOK_EVERY_MS = 1_000

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
