// Numbers of the Parquet format (parquet.thrift of apache/parquet-format).
export const MAGIC = Buffer.from('PAR1')
export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, double: 5, bytes: 6 } as const
export const ENCODING = { plain: 0, rle: 3, delta: 5, dictionary: 8, split: 9 } as const
export const CONVERTED = { utf8: 0, decimal: 5, timestampMicros: 10 } as const
export const PAGE = { data: 0, dictionary: 2 } as const
export const REPETITION = { required: 0, optional: 1 } as const
export const CODEC_ZSTD = 6
