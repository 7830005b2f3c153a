import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { waitFor } from '../../../test/support/wait-for.ts'
import { StateFile } from '../src/state-file.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ibs-state-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a state file', () => {
  it('gives back the newest value, and nothing where there is none', () => {
    const file = new StateFile(join(folder, 'below', 'a.json'))
    expect(file.read()).toBeUndefined()
    file.write({ a: 1 })
    file.write({ a: 2 })
    expect(new StateFile(join(folder, 'below', 'a.json')).read()).toEqual({ a: 2 })
  })

  it('regression: ended ingest on a full disk; now the old value stays and the newest follows when there is room', async () => {
    const path = join(folder, 'a.json')
    const file = new StateFile(path)
    file.write('before')
    await symlink('/dev/full', `${path}.tmp`)
    file.write('not this one')
    file.write('this one')
    expect(file.read()).toBe('before')
    await rm(`${path}.tmp`)
    await waitFor('it is written', () => file.read() === 'this one')
  })

  it('throws what is no word of the disk', () => {
    const ring: Record<string, unknown> = {}
    ring.ring = ring
    expect(() => new StateFile(join(folder, 'a.json')).write(ring)).toThrow('circular')
  })
})
