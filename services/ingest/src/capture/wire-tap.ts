/** Hears what passes between ingest and the gateway, byte by byte. Must not throw, and must not wait. */
export interface WireTap {
  /** A connection is attempted. */
  opened(address: { host: string; port: number }): void
  /** Bytes as the socket gave them, cut anywhere. */
  received(bytes: Buffer): void
  /** A request: its fields, each but the last ended by NUL. */
  sent(request: string): void
  ended(reason: string): void
}
