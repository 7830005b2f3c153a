import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ROOT } from './root.ts'

/** The folder that `up` would use: the option, DATA_DIR of the environment or of .env, else data/ or, without IB_HOST, data-sim/. Absolute. */
export function dataDirOf(option: string | undefined): string {
  const given = option ?? process.env.DATA_DIR
  if (given !== undefined && given !== '') return resolve(given)
  loadDotEnv()
  const simulated = process.env.IB_HOST === undefined || process.env.IB_HOST === ''
  return resolve(ROOT, process.env.DATA_DIR || (simulated ? 'data-sim' : 'data'))
}

/** A path that a setting names: in the environment from where the user stands, in `.env` from the installation. Undefined where it is not set. */
export function pathSetting(name: 'NATS_CREDENTIALS' | 'NATS_CA_FILE'): string | undefined {
  const given = process.env[name]
  if (given) return resolve(given)
  loadDotEnv()
  const found = process.env[name]
  return found ? resolve(ROOT, found) : undefined
}

/** What stands in the environment goes before `.env`. */
export function loadDotEnv(): void {
  if (existsSync(join(ROOT, '.env'))) process.loadEnvFile(join(ROOT, '.env'))
}
