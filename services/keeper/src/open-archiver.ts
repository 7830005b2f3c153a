import { Archiver, openS3 } from '@ib-stream/archive'
import type { ArchiveSetting, Config, Service } from '@ib-stream/service'

/** Imported where an archive is set only: the client for S3 is 22 MB of packages. */
export function openArchiver(
  setting: ArchiveSetting,
  { dataDir, source }: Pick<Config, 'dataDir' | 'source'>,
  { log }: Pick<Service, 'log'>,
): Archiver {
  return new Archiver({
    ...{ dataDir, source, prefix: setting.prefix, store: openS3(setting) },
    onCopied: ({ path, bytes, count, confirmed }) => log.info({ path, bytes, count, confirmed }, 'day archived'),
    onDamaged: ({ path, sha256 }) => log.warn({ path, sha256 }, 'copy in the archive is damaged or gone'),
  })
}
