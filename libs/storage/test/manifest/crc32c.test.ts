import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { crc32c } from '../../src/manifest/crc32c.ts'

/** Bit by bit, as RFC 3720 defines it. */
function plain(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

describe('crc32c', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 0],
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ])('gives the published sum of %s', (_name, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum)
  })

  it('property: is the bit by bit sum, in one piece or continued at any place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, at) => {
        const sum = crc32c(bytes)
        expect(sum).toBe(plain(bytes))
        expect(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at)))).toBe(sum)
      }),
    )
  })
})
