import type { StreamInfo } from '@nats-io/jetstream'

/** A leader hears from each of the others every second. One that hears no majority for this long may have a successor that it knows nothing of. */
const UNHEARD_AFTER_NS = 4_000_000_000

/**
 * Throws where what a server says of a stream of a cluster need not be so any more (tried on nats-server 2.10.27 and read in its source): a stream without a leader is
 * spoken for by each server that keeps it, from what that one happens to have; and a leader that is cut off goes on speaking as leader for ten seconds, although the
 * others have had a new one for long.
 */
export function assertLed({ config, cluster }: StreamInfo): void {
  if (cluster === undefined) return
  if (!cluster.leader) throw new Error(`stream ${config.name} has no leader now`)
  const others = cluster.replicas ?? []
  const heard = others.filter(({ active }) => active < UNHEARD_AFTER_NS).length
  if (2 * (heard + 1) <= others.length + 1) throw new Error(`stream ${config.name} is led by ${cluster.leader}, which is cut off`)
}
