import fs from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
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

  it('regression: a power cut could bring the old value back, for the name of the new one was not made durable', () => {
    const calls: string[] = []
    const paths = new Map<number, string>()
    const { openSync, fsyncSync, renameSync } = fs
    const spies = [
      jest.spyOn(fs, 'openSync').mockImplementation((path, ...rest) => {
        const fd = openSync(path, ...rest)
        paths.set(fd, String(path))
        return fd
      }),
      jest.spyOn(fs, 'fsyncSync').mockImplementation((fd) => {
        calls.push(`fsync ${relative(folder, paths.get(fd) ?? '')}`)
        fsyncSync(fd)
      }),
      jest.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
        calls.push('rename')
        renameSync(from, to)
      }),
    ]
    const file = new StateFile(join(folder, 'state', 'ingest', 'a.json'))
    file.write(1)
    expect(calls.splice(0).sort()).toEqual(['fsync ', 'fsync state', 'fsync state/ingest', 'fsync state/ingest/a.json.tmp', 'rename'])
    file.write(2)
    expect(calls).toEqual(['fsync state/ingest/a.json.tmp', 'rename', 'fsync state/ingest'])
    for (const spy of spies) spy.mockRestore()
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
