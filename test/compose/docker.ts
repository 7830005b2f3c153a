import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `docker …`; what it wrote, both its outputs for `logs`. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('docker', args, { maxBuffer: 2 ** 26 })
  return args[0] === 'logs' ? stdout + stderr : stdout
}
