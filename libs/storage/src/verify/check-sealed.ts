import { codeOf } from '@ib-stream/model'
import { isMissing } from '../errors.ts'
import { parseSealedPath } from '../layout/sealed-path.ts'
import { checkSealed, sealedBytesOf } from '../parquet/sealed-file.ts'
import type { FileCheck } from './check-file.ts'
import { openReadOnly } from './open-read-only.ts'

/** Holds a sealed file to its own checksums, and to the path where it lies. `bytes` is undefined where there is none. */
export async function checkSealedFile(dataDir: string, path: string): Promise<Pick<FileCheck, 'damage'> & { bytes: number | undefined }> {
  try {
    await using handle = await openReadOnly(dataDir, path)
    const file = await sealedBytesOf(path, handle)
    return { damage: await damageIn(file), bytes: file.sizeBytes }
  } catch (error) {
    if (isMissing(error)) return { damage: undefined, bytes: undefined }
    throw error
  }
}

async function damageIn(file: Awaited<ReturnType<typeof sealedBytesOf>>): Promise<FileCheck['damage']> {
  try {
    const { facts } = await checkSealed(file)
    const place = parseSealedPath(file.path)
    const isInPlace = facts.cid === place?.cid && facts.tt === place.tt
    return isInPlace ? undefined : { kind: 'changed', detail: `it holds ${facts.tt} of ${facts.cid}; move it to where it belongs` }
  } catch (error) {
    if (codeOf(error) !== 'IBS_STORAGE_SEALED_DAMAGED') throw error
    return { kind: 'changed', detail: Error.isError(error) ? error.message : String(error) }
  }
}
