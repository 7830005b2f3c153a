/** Partitions of the log by contract. Fixed for ever: it stands in every checkpoint, and another value is refused. */
export const PARTITION_COUNT = 16

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** Partition of a contract: FNV-1a (32 bit) of its decimal id, modulo 16, as nats-server's `partition(16,1)` computes it. */
export function partitionOf(cid: number): number {
  let hash = FNV_OFFSET
  for (const char of String(cid)) hash = Math.imul(hash ^ char.charCodeAt(0), FNV_PRIME)
  return (hash >>> 0) % PARTITION_COUNT
}
