import { ArchiveError, type ObjectStore, openS3 } from '@ib-stream/archive'
import { type ArchiveSetting, loadConfig, type Source } from '@ib-stream/service'
import { dotEnv } from '../dot-env.ts'

/** The archive that the environment and `.env` name. @throws ArchiveError `IBS_ARCHIVE_OFF`, ServiceError `IBS_CONFIG_INVALID` */
export async function openArchive(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ store: ObjectStore; archive: ArchiveSetting; source: Source }> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const { archive, source } = loadConfig({ ...(await dotEnv()), ...given })
  if (archive === undefined)
    throw new ArchiveError(
      'IBS_ARCHIVE_OFF',
      'no bucket is set; set ARCHIVE_S3_BUCKET in the environment or in .env (docs/guides/archive.md)',
    )
  return { store: openS3(archive), archive, source }
}
