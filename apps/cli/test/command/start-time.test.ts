import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

/** The goal is 300 ms; a command that loads what it does not need is far above this too. */
const MOST_CPU_MS = 500

/** CPU time of a run, ms: a machine with other work does not stretch it as it does the clock on the wall. */
function cpuMs(args: string): number {
  const main = join(__dirname, '../../src/main.ts')
  const text = `TIMEFORMAT='%U %S'; { time "$0" "${main}" ${args} >/dev/null 2>&1; } 2>&1`
  const told = execFileSync('bash', ['-c', text, process.execPath], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
  const [user = Number.NaN, system = Number.NaN] = told.trim().split(' ').map(Number)
  return (user + system) * 1_000
}

it.each(['--version', 'query --help', 'help'])('starts at once: %s', (args) => {
  expect(Math.min(...[1, 2, 3].map(() => cpuMs(args)))).toBeLessThan(MOST_CPU_MS)
})
