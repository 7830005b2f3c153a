import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What `up` runs, for the commands that ask or change it. */
export interface Running {
  pid: number
  apiUrl: string
  natsUrl: string
  /** ISO. */
  since: string
  programs: readonly RunningProgram[]
}

export interface RunningProgram {
  name: string
  /** Undefined while it waits to be started again. */
  pid: number | undefined
  restarts: number
  /** ISO; undefined while it waits. */
  since: string | undefined
  where: string
  healthUrl: string | undefined
  logFile: string
}

const pathOf = (dataDir: string): string => join(dataDir, '.state', 'up.json')

/** Replaced whole, so that a reader never sees half of it. */
export async function writeRunning(dataDir: string, running: Running): Promise<void> {
  const path = pathOf(dataDir)
  await writeFile(`${path}.tmp`, `${JSON.stringify(running, null, 2)}\n`)
  await rename(`${path}.tmp`, path)
}

export const forgetRunning = (dataDir: string): Promise<void> => rm(pathOf(dataDir), { force: true })

/** Of the `up` that runs on a recording; undefined where none does. */
export async function readRunning(dataDir: string): Promise<Running | undefined> {
  const text = await readFile(pathOf(dataDir), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const running = JSON.parse(text) as Running // written whole by a version of this code
  return (await isProcess(running.pid, 'up')) ? running : undefined
}

/** Whether a process still is what it was: numbers are given again. */
export async function isProcess(pid: number, named: string): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.includes(named)
}
