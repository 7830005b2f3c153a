import type { Disk } from '../../src/segment/disk.ts'

export type DiskCall = keyof Disk

/** Called before each effect; what it throws is what the disk says. */
export type Gate = (call: DiskCall, path: string) => void

/** A disk whose every effect passes a gate first. */
export function gatedDisk(disk: Disk, gate: Gate): Disk {
  const calls: DiskCall[] = [
    'size',
    'readText',
    'read',
    'makeFolder',
    'write',
    'writeText',
    'truncate',
    'rename',
    'remove',
    'syncFile',
    'syncFolder',
  ]
  const gated = calls.map((call) => {
    const effect = disk[call].bind(disk) as (...facts: unknown[]) => Promise<unknown>
    return [
      call,
      async (path: string, ...rest: unknown[]) => {
        gate(call, path)
        return effect(path, ...rest)
      },
    ]
  })
  return Object.fromEntries(gated) as Disk
}

/** What Node throws. */
export const systemError = (code: string): Error => Object.assign(new Error(`${code}: said the test`), { code })
