import { resolve } from 'node:path'
import { codeOf, IbsError } from '@ib-stream/model'
import { BACKENDS, type ImportFault, type ImportReport, importTicks, type OwnBackend } from '@ib-stream/storage'
import { type Command, InvalidArgumentError } from 'commander'
import { ImportBar } from './import-bar.ts'
import { importSummary } from './import-summary.ts'
import type { OwnersImportOptions } from './import-through-owners.ts'

interface ImportFlags {
  to: string
  offline?: true
  nats?: string
  backend: OwnBackend[]
  merge?: true
  dryRun?: true
  again?: true
  zone?: string
  json?: true
}

/** Adds `ib-stream import`. */
export function registerImport(program: Command): void {
  program
    .command('import')
    .description('old recordings of any form to files of format v3; where writers run, they make the files')
    .argument('<source...>', 'files or folders: v3 and v2, JSON lines (.jsonl, .jsonl.gz) and protobuf (.pb)')
    .option('--offline', 'only while no writer runs on the target; it is checked')
    .option('--nats <address>', 'where to ask the writers (default: NATS_URL, or the server that "up" runs on the target)')
    .option('--to <folder>', 'DATA_DIR that gets the ticks', process.env.DATA_DIR || 'data')
    .option('--backend <list>', `which files to make, separated by commas (default: ${BACKENDS.join(',')})`, backendsOf, [...BACKENDS])
    .option('--merge', 'give hours that have ticks already what they lack')
    .option('--dry-run', 'read and decide everything, write nothing')
    .option('--again', 'read sources again that an earlier import took in')
    .option('--zone <name>', 'zone of times that say none, e.g. America/Chicago')
    .option('-j, --json', 'faults and report as JSON lines')
    .action(async (sources: string[], flags: ImportFlags) => {
      process.exitCode = await runImport(sources, flags)
    })
}

function backendsOf(text: string): OwnBackend[] {
  return text.split(',').map((word) => {
    const backend = BACKENDS.find((one) => one === word.trim())
    if (backend === undefined) throw new InvalidArgumentError(`"${word}" is none of ${BACKENDS.join(', ')}`)
    return backend
  })
}

/** @returns the exit status: 0 all taken in, 1 something left out, 2 could not begin or go on, 130 stopped */
async function runImport(sources: readonly string[], flags: ImportFlags): Promise<number> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('stopped')))
  process.once('SIGTERM', () => stop.abort(new Error('stopped')))
  const bar = new ImportBar(process.stderr)
  const { to, offline, nats, backend, merge = false, dryRun = false, again = false, zone } = flags
  try {
    const report = await importWherever(offline === true ? 'offline' : 'anywhere', {
      nats,
      sources,
      to: resolve(to),
      backends: backend,
      merge,
      dryRun,
      again,
      ...(zone === undefined ? {} : { zone }),
      signal: stop.signal,
      onProgress: (progress) => bar.show(progress),
      onFault: (fault) => {
        bar.clear()
        process.stdout.write(`${flags.json ? JSON.stringify(fault) : faultLine(fault)}\n`)
      },
    })
    bar.clear()
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : importSummary(report))
    return isWhole(report) ? 0 : 1
  } catch (error) {
    bar.clear()
    if (stop.signal.aborted) {
      process.stderr.write('stopped; the same command goes on\n')
      return 130
    }
    process.stderr.write(`${error instanceof IbsError ? error.message : Error.isError(error) ? error.stack : String(error)}\n`)
    return 2
  }
}

async function importWherever(where: 'offline' | 'anywhere', options: OwnersImportOptions): Promise<ImportReport> {
  try {
    return await importTicks(options)
  } catch (error) {
    if (where === 'offline' || codeOf(error) !== 'IBS_STORAGE_BACKEND_IN_USE') throw error
    const { importThroughOwners } = await import('./import-through-owners.ts') // the other verbs start without the client of NATS
    return await importThroughOwners(options)
  }
}

const isWhole = ({ faults, known, leftOut }: ImportReport): boolean => faults + known.faults + leftOut.hours === 0

/** As compilers say it: place, then why. */
function faultLine({ path, line, offsetBytes, ticks, reason }: ImportFault): string {
  if (ticks !== undefined) return `${path}: ${ticks} ticks left out: ${reason}`
  return line === undefined ? `${path}: byte ${offsetBytes}: ${reason}` : `${path}:${line}: ${reason}`
}
