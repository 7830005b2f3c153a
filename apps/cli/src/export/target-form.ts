import type { EXPORT_FORMATS } from '../commands/export.ts'

export type ExportFormat = (typeof EXPORT_FORMATS)[number]
export type Compression = 'gzip' | 'zstd'

export interface TargetForm {
  format: ExportFormat
  compression: Compression | undefined
}

const FORMAT_OF: Readonly<Record<string, ExportFormat>> = {
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'json',
  csv: 'csv',
  pb: 'protobuf',
  arrow: 'arrow',
  arrows: 'arrow',
  parquet: 'parquet',
}
const COMPRESSION_OF: Readonly<Record<string, Compression>> = { gz: 'gzip', zst: 'zstd' }

/** What the name of a file says of its form: `day.csv.gz`. A format that is asked for goes before the name. @returns undefined where neither tells the format */
export function targetForm(path: string, asked: ExportFormat | undefined): TargetForm | undefined {
  const parts = path.toLowerCase().split('.').slice(1)
  const compression = COMPRESSION_OF[parts.at(-1) ?? '']
  const format = asked ?? FORMAT_OF[parts.at(compression === undefined ? -1 : -2) ?? '']
  return format === undefined ? undefined : { format, compression }
}
