/** x^32 + x^28 + x^27 + … (Castagnoli), bits reversed. */
const POLYNOMIAL = 0x82f63b78
const TABLE = Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1
  return sum
})

/** CRC-32C (RFC 3720, appendix B.4) in eight hex digits; the plain table, made here so that the project's own is judged too. */
export function crc32c(bytes: Uint8Array): string {
  let sum = ~0
  for (const byte of bytes) sum = (sum >>> 8) ^ (TABLE[(sum ^ byte) & 255] ?? 0)
  return (~sum >>> 0).toString(16).padStart(8, '0')
}
