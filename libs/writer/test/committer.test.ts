import { describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { Committer } from '../src/committer.ts'

const MIB = 2 ** 20

/** A store whose commits take until they are let go. */
class SlowStore {
  pendingBytes = 0
  readonly begun: string[] = []
  readonly #gates: PromiseWithResolvers<void>[] = []

  commitVisible = () => this.#begin('visible')
  commitDurable = () => this.#begin('durable')

  /** Ends the oldest commit; with an error it fails and all stays pending. */
  end(error?: unknown): void {
    const gate = this.#gates.shift()
    if (error !== undefined) return gate?.reject(error)
    this.pendingBytes = 0
    gate?.resolve()
  }

  #begin(kind: string): Promise<void> {
    this.begun.push(kind)
    const gate = Promise.withResolvers<void>()
    this.#gates.push(gate)
    return gate.promise
  }
}

function committerOn(store: SlowStore) {
  const said: string[] = []
  const stop = new AbortController()
  const committer = new Committer({
    store,
    signal: stop.signal,
    onStalled: (reason) => said.push(reason),
    onCommitted: () => said.push('committed'),
    onFailed: (error) => said.push(`failed: ${(error as Error).message}`),
  })
  return { committer, said, stop }
}

const begun = (store: SlowStore, count: number) => waitFor(`${count} commits began`, () => store.begun.length === count)
/** Whether it resolves while everything else stands still. */
async function isOpen(room: Promise<void>): Promise<boolean> {
  const nextTurn = new Promise<false>((resolve) => setImmediate(() => resolve(false)))
  return await Promise.race([room.then(() => true), nextTurn])
}

describe('the committer of a partition', () => {
  it('lets more be taken while a commit is under way, up to a bound, and goes on when it is done', async () => {
    const store = new SlowStore()
    const { committer } = committerOn(store)
    expect(await isOpen(committer.room())).toBe(true)
    store.pendingBytes = 2 * MIB
    expect(await isOpen(committer.room())).toBe(true)
    await begun(store, 1)
    store.pendingBytes = 4 * MIB
    expect(await isOpen(committer.room())).toBe(true)
    store.pendingBytes = 4 * MIB + 1
    const room = committer.room()
    expect(await isOpen(room)).toBe(false)
    store.end()
    await begun(store, 2) // what came meanwhile
    store.end()
    await room
  })

  it('lets one commit of a kind wait for its turn, however often it is asked for', async () => {
    const store = new SlowStore()
    const { committer, said } = committerOn(store)
    for (let i = 0; i < 3; i++) committer.beside('visible')
    await begun(store, 1)
    for (let i = 0; i < 3; i++) committer.beside('visible')
    const durable = committer.commit('durable')
    for (let i = 1; i <= 3; i++) {
      await begun(store, i)
      store.end()
    }
    await durable
    await committer.idle()
    expect(store.begun).toEqual(['visible', 'visible', 'durable'])
    expect(said).toEqual(['committed', 'committed', 'committed'])
  })

  it('takes nothing while the disk takes nothing, tries until it does, and says both', async () => {
    const store = new SlowStore()
    const { committer, said } = committerOn(store)
    committer.beside('visible')
    await begun(store, 1)
    store.end(Object.assign(new Error('no space'), { code: 'IBS_STORAGE_WRITE_FAILED' }))
    await waitFor('it says so', () => said.length === 1)
    const room = committer.room()
    expect(await isOpen(room)).toBe(false)
    await begun(store, 2)
    store.end()
    await room
    expect(said).toEqual([expect.stringContaining('no space'), 'committed'])
  })

  it('tells whoever waits, or the partition, of what ends the store; and of its own end while the disk takes nothing', async () => {
    const store = new SlowStore()
    const { committer, said, stop } = committerOn(store)
    const waited = committer.commit('durable')
    await begun(store, 1)
    store.end(new Error('the lock was replaced'))
    await expect(waited).rejects.toThrow('the lock was replaced')
    committer.beside('visible')
    await begun(store, 2)
    store.end(new Error('no sync'))
    await waitFor('it is told', () => said.at(-1) === 'failed: no sync')
    committer.beside('visible')
    await begun(store, 3)
    store.end(Object.assign(new Error('no space'), { code: 'IBS_STORAGE_WRITE_FAILED' }))
    await waitFor('it says so', () => said.length === 2)
    stop.abort(new Error('released'))
    await committer.idle()
    expect(said.at(-1)).toBe('failed: released')
  })
})
