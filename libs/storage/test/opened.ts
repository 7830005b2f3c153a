import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Paths that were opened or read whole, and folders that were listed, in their order. */
export interface Opened {
  files: string[]
  folders: string[]
}

/** What work opens meanwhile, seen at Node's own door. */
export async function openedBy(work: () => Promise<unknown>): Promise<Opened> {
  const { open, readFile, readdir } = promises
  const seen: Opened = { files: [], folders: [] }
  const spied =
    <Call extends (...args: never[]) => unknown>(call: Call, paths: string[]) =>
    (...args: Parameters<Call>) => {
      paths.push(String(args[0]))
      return call(...args)
    }
  Object.assign(promises, { open: spied(open, seen.files), readFile: spied(readFile, seen.files), readdir: spied(readdir, seen.folders) })
  syncBuiltinESMExports()
  try {
    await work()
  } finally {
    Object.assign(promises, { open, readFile, readdir })
    syncBuiltinESMExports()
  }
  return seen
}
