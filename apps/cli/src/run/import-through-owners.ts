import { type ImportOptions, type ImportReport, importThroughOwners as importBeside } from '@ib-stream/storage'
import { Owners, type OwnersOptions } from '../owners.ts'

export type OwnersImportOptions = ImportOptions & Pick<OwnersOptions, 'nats' | 'signal'>

/** As `importTicks` of the storage, beside running writers: each hour by the owner of its partition. */
export async function importThroughOwners(options: OwnersImportOptions): Promise<ImportReport> {
  const { to, nats, signal } = options
  await using owners = new Owners({ dataDir: to, nats, signal })
  return await importBeside({ ...options, ask: (at, job) => owners.doJob(at, job) })
}
