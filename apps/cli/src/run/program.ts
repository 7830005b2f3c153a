import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from '../root.ts'

/** Runs a program of the project in its own process, in place of this one: a gateway shares no code with the command line. */
export function runProgram(script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, script), ...args], { stdio: 'inherit' })
    process.on('SIGINT', () => undefined) // the terminal sends it to the program as well
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
