import { stat } from 'node:fs/promises'
import { codeOf } from '@ib-stream/model'
import { CliError } from '../errors.ts'

/** @throws CliError `IBS_CLI_FILE_EXISTS` */
export async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (found) throw new CliError('IBS_CLI_FILE_EXISTS', `${path} is there already; name another file, or give --force`, { path })
}
