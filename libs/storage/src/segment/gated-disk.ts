import type { Disk } from './disk.ts'

export type DiskCall = keyof Disk

/** Called before each effect; what it throws is what the disk says. */
export type Gate = (call: DiskCall, path: string) => void

const CALLS: Record<DiskCall, true> = {
  size: true,
  readText: true,
  read: true,
  makeFolder: true,
  write: true,
  writeText: true,
  truncate: true,
  rename: true,
  remove: true,
  removeFolder: true,
  syncFile: true,
  syncFolder: true,
}

/** A disk whose every effect passes a gate first. */
export function gatedDisk(disk: Disk, gate: Gate): Disk {
  const gated = (Object.keys(CALLS) as DiskCall[]).map((call) => {
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
