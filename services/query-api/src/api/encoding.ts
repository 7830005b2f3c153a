import type { Transform } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'

export const ENCODINGS = ['zstd', 'gzip'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** The encoding that an Accept-Encoding header likes best of ours, zstd before gzip; undefined: none, as it is. */
export function encodingFor(accept: string | undefined): Encoding | undefined {
  const liked = new Map<string, number>()
  for (const part of (accept ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    if (name !== '') liked.set(name, quality === undefined ? 1 : Number(quality.slice(2)))
  }
  const qualityOf = (name: string): number => liked.get(name) ?? liked.get('*') ?? 0
  const asIs = liked.get('identity') ?? 0
  return ENCODINGS.filter((name) => qualityOf(name) > 0 && qualityOf(name) >= asIs).sort((a, b) => qualityOf(b) - qualityOf(a))[0]
}

/** Fast levels: ticks are repetitive, and a slow answer costs more than a larger one. */
export function compressor(encoding: Encoding): Transform {
  return encoding === 'gzip' ? createGzip({ level: 1 }) : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })
}
