import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { type Figure, lineOf, reaches } from './storage/figure.ts'

export interface Sections {
  /** `npm run bench -- NAME`. */
  bench: string
  /** The script that measures one section and sends its figures: `node SCRIPT SECTION ...ARGS`. */
  script: URL
  args: readonly string[]
  known: readonly string[]
  /** As `--only` has them. */
  wanted: string
  /** Versions of what is measured beside us. */
  peers?: Record<string, string>
  /** Where the record goes. */
  result: string
}

/**
 * Runs sections one after the other, each a process of its own, so that none has another's heap, or what was compiled for it. Prints the figures, writes them with
 * what they were made by, and ends the process with 1 where one is not what it must be.
 */
export async function runSections({ bench, script, args, known, wanted, peers = {}, result }: Sections): Promise<void> {
  const names = wanted.split(',')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`--only ${unknown}: none of ${known.join(', ')}`)
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
  const machine = { cpu: cpus()[0]?.model ?? '?', cores: cpus().length, memoryGb: Math.round(totalmem() / 1e9), loadBefore: loadavg()[0] }
  const made = { commit, node: process.version, v8: process.versions.v8, ...peers, machine }
  const command = `npm run bench -- ${bench} ${process.argv.slice(2).join(' ')}`.trim()
  process.stdout.write(`${command}\n${JSON.stringify(made)}\n`)
  const figures: Figure[] = []
  const seconds: Record<string, number> = {}
  for (const name of names) {
    const startedMs = performance.now()
    const found = await figuresOf(script, [name, ...args])
    seconds[name] = Math.round((performance.now() - startedMs) / 1_000)
    process.stdout.write(`\n${name} (${seconds[name]} s)\n${found.map((figure) => `${lineOf(figure)}\n`).join('')}`)
    figures.push(...found)
  }
  const missed = figures.filter((figure) => !reaches(figure))
  process.stdout.write(missed.length === 0 ? '\nall that must be reached is reached\n' : `\n${missed.length} not reached\n`)
  await mkdir(dirname(result), { recursive: true })
  const record = { command, at: new Date().toISOString(), ...made, loadAfter: loadavg()[0], seconds, figures }
  await writeFile(result, `${JSON.stringify(record, null, 1)}\n`)
  process.exitCode = missed.length === 0 ? 0 : 1
}

async function figuresOf(script: URL, args: readonly string[]): Promise<Figure[]> {
  const child = fork(script, args, { execArgv: ['--expose-gc'] })
  const found: Figure[] = []
  child.on('message', (some) => found.push(...(some as Figure[])))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`)
  return found
}
