import { BACKENDS, SEALED_BACKEND, type StockFile } from '@ib-stream/storage'
import { oneOf } from '../api/parameter.ts'
import { MEDIA_TYPES } from '../history/format.ts'

export const BACKEND = oneOf([...BACKENDS, SEALED_BACKEND], { doc: 'Whose file.' })

/** Epoch s of every hour that a file can have. */
export const MOST_STAMP = 999_999_999_999

const MEDIA: Readonly<Record<string, string>> = { json: MEDIA_TYPES.ndjson, pb: MEDIA_TYPES.protobuf, parquet: MEDIA_TYPES.parquet }

export const mediaTypeOf = ({ backend }: Pick<StockFile, 'backend'>): string => MEDIA[backend] ?? 'application/octet-stream'

/** Name without its folders; of a sealed file these say what it holds, so they stay in it. */
export const nameOf = ({ path }: Pick<StockFile, 'path'>): string =>
  path.startsWith(SEALED_FOLDER) ? path.slice(SEALED_FOLDER.length).replaceAll('/', '_') : path.slice(path.lastIndexOf('/') + 1)

const SEALED_FOLDER = `${SEALED_BACKEND}/`

/** Another one for every other content, as a strong validator. */
export const etagOf = ({ closed, bytes, modifiedMs }: StockFile): string =>
  closed?.crc32c !== undefined ? `"${closed.crc32c.toString(16).padStart(8, '0')}-${bytes}"` : `"${modifiedMs}-${bytes}"`
