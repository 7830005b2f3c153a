/** Bytes of a file, both ends included, from 0. */
export interface ByteRange {
  first: number
  last: number
}

/**
 * What a `Range` header asks for (RFC 9110, 14.2). Other units, several ranges and what cannot be read are as if there were none.
 * @returns undefined: the whole; `outside`: nothing of it is in the file
 */
export function byteRangeOf(header: string | undefined, bytes: number): ByteRange | 'outside' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  if (from === '') return Number(to) === 0 ? 'outside' : inFile({ first: Math.max(0, bytes - Number(to)), last: bytes - 1 }, bytes)
  if (to !== '' && Number(to) < Number(from)) return undefined
  return inFile({ first: Number(from), last: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) }, bytes)
}

const inFile = (range: ByteRange, bytes: number): ByteRange | 'outside' => (range.first < bytes ? range : 'outside')
