import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { StateFile } from '../../src/state-file.ts'
import { RequestGuard } from '../../src/subscriptions/request-guard.ts'

const S = 1_000_000

describe('RequestGuard', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ibs-guard-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const open = () => new RequestGuard(new StateFile(join(folder, 'state/requests.json')), 16_000)

  it('holds a stream back for 16 s after it was asked for, over a restart too', () => {
    const before = open()
    before.asked(7, 100 * S)
    expect([before.waitMs(7, 101 * S), before.waitMs(8, 101 * S)]).toEqual([15_000, 0])
    const after = open()
    expect([after.waitMs(7, 110 * S), after.waitMs(7, 116 * S)]).toEqual([6_000, 0])
  })

  it('is not held up by a clock that was set back, nor by a file that is none', async () => {
    const guard = open()
    guard.asked(7, 1_000 * S)
    expect(guard.waitMs(7, 10 * S)).toBe(0)
    await writeFile(join(folder, 'state/requests.json'), '[[1,"x"],{"half')
    expect(open().waitMs(7, 1_001 * S)).toBe(0)
  })
})
