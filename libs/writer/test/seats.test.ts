import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { takeSeat } from '../src/seats.ts'

describe('takeSeat', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-seats-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('gives each replica a rank of its own and all the same count', async () => {
    await using a = await takeSeat(folder)
    await using b = await takeSeat(folder)
    await using c = await takeSeat(folder)
    expect(await Promise.all([a, b, c].map((seat) => seat.look()))).toEqual([
      { taken: 3, rank: 0 },
      { taken: 3, rank: 1 },
      { taken: 3, rank: 2 },
    ])
  })

  it('closes the ranks when one leaves, and gives its seat to the next', async () => {
    await using a = await takeSeat(folder)
    const b = await takeSeat(folder)
    await using c = await takeSeat(folder)
    await b.close()
    expect(await c.look()).toEqual({ taken: 2, rank: 1 })
    await using d = await takeSeat(folder)
    expect(await d.look()).toEqual({ taken: 3, rank: 1 })
    expect(await a.look()).toEqual({ taken: 3, rank: 0 })
  })
})
