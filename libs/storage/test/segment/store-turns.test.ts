import { describe, expect, it } from '@jest/globals'
import { StorageError } from '../../src/errors.ts'
import { StoreTurns } from '../../src/segment/store-turns.ts'

const failure = (words: string) => new StorageError('IBS_STORAGE_SYNC_FAILED', words, {})

describe('the turns of a store', () => {
  it('come one after the other, whatever became of the one before', async () => {
    const turns = new StoreTurns()
    const done: string[] = []
    const first = Promise.withResolvers<void>()
    const all = Promise.allSettled([
      turns.take(async () => {
        await first.promise
        done.push('first')
        throw new Error('no room')
      }),
      turns.take(async () => done.push('second')),
    ])
    await new Promise(setImmediate)
    expect(done).toEqual([])
    first.resolve()
    expect(await all).toMatchObject([
      { status: 'rejected', reason: { message: 'no room' } },
      { status: 'fulfilled', value: 2 },
    ])
    expect([done, turns.word]).toEqual([['first', 'second'], 'open'])
  })

  it('end with the first failure, those that wait too', async () => {
    const turns = new StoreTurns()
    let ran = 0
    const first = turns.take(async () => turns.fail(failure('the first')))
    const waiting = turns.take(async () => (ran += 1))
    await first
    await expect(waiting).rejects.toThrow('the first')
    turns.fail(failure('the second'))
    await expect(turns.take(async () => (ran += 1))).rejects.toThrow('the first')
    expect(() => turns.assertOpen()).toThrow('the first')
    expect([ran, turns.word, turns.failure?.message]).toEqual([0, 'failed', expect.stringContaining('the first')])
  })

  it('that were taken come before the end, which comes once and after which none is taken', async () => {
    const turns = new StoreTurns()
    const done: string[] = []
    const end = async () => {
      done.push('end')
    }
    const taken = turns.take(async () => done.push('work'))
    const closed = turns.close(end)
    await expect(turns.take(async () => done.push('late'))).rejects.toThrow('IBS_STORAGE_CLOSED')
    await Promise.all([taken, closed, turns.close(end)])
    expect([done, turns.word]).toEqual([['work', 'end'], 'closed'])
  })

  it('come to an end after a failure, too', async () => {
    const turns = new StoreTurns()
    turns.fail(failure('the disk is gone'))
    let released = 0
    await turns.close(async () => {
      released += 1
    })
    expect([released, turns.word]).toEqual([1, 'closed'])
  })
})
