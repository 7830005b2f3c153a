import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { ROOT } from './root.ts'

/** What stands in the `.env` beside the project; none is like an empty one. */
export const dotEnv = async (): Promise<Readonly<Record<string, string | undefined>>> =>
  parseEnv(await readFile(join(ROOT, '.env'), 'utf8').catch(() => ''))
