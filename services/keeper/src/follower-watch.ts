import type { LogFollower } from '@ib-stream/bus'

/** A server of the cluster whose copy of the log is behind, or that is away. */
export interface BehindFollower {
  server: string
  lagMessages: number
  /** How long it has not followed, ms. */
  forMs: number
}

/** Since when which servers have not followed the log. */
export class FollowerWatch {
  #sinceMs = new Map<string, number>()

  /**
   * @param followers as the leader tells now
   * @param nowMs any clock that only rises, ms
   * @returns those that do not follow
   */
  look(followers: readonly LogFollower[], nowMs: number): BehindFollower[] {
    const before = this.#sinceMs
    const behind = followers.filter(({ follows }) => !follows)
    this.#sinceMs = new Map(behind.map(({ server }) => [server, before.get(server) ?? nowMs]))
    return behind.map(({ server, lagMessages }) => ({ server, lagMessages, forMs: nowMs - (this.#sinceMs.get(server) ?? nowMs) }))
  }
}
