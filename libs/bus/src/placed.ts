import { pause } from './connection.ts'

/** Peers tell one another of themselves within seconds of their start. */
const PLACED_WITHIN_MS = 15_000
const TRY_EVERY_MS = 500
const NO_PEERS = 10_005

/**
 * Makes or changes a stream of several copies, again while the cluster says "no suitable peers for placement", for a bounded time: servers that were just started have a
 * leader before that one knows of all of them.
 * @throws what the server says otherwise, or at the end
 */
export async function placed<Result>(work: () => Promise<Result>): Promise<Result> {
  for (const untilMs = performance.now() + PLACED_WITHIN_MS; ; ) {
    try {
      return await work()
    } catch (error) {
      if (!lacksPeers(error) || performance.now() > untilMs) throw error
    }
    await pause(TRY_EVERY_MS)
  }
}

const lacksPeers = (error: unknown): boolean => (error as { code?: unknown }).code === NO_PEERS

/** Whether the server has decided, rather than being unable to now: no peers, no leader, no answer. */
export function isRefusal(error: unknown): boolean {
  const { name, status } = error as { name?: unknown; status?: unknown }
  return name === 'JetStreamApiError' && status !== UNAVAILABLE && !lacksPeers(error)
}

const UNAVAILABLE = 503
