import { resolve } from 'node:path'
import { codeOf } from '@ib-stream/model'
import { BACKENDS, type ImportFault, type ImportReport, importTicks } from '@ib-stream/storage'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/import.ts'
import { ProgressBar } from '../output/progress-bar.ts'
import { importSummary } from './import-summary.ts'
import type { OwnersImportOptions } from './import-through-owners.ts'

/** @returns the exit status: 0 all taken in, 1 something left out */
export async function run({ args, flags, out, signal, env }: Call<typeof command>): Promise<number> {
  const bar = new ProgressBar(out.err)
  const { merge, dryRun, again, zone } = flags
  try {
    const report = await importWherever(flags.offline ? 'offline' : 'anywhere', {
      nats: flags.nats,
      sources: args.sources,
      to: resolve(flags.to ?? (env.DATA_DIR || 'data')),
      backends: flags.backend ?? BACKENDS,
      merge,
      dryRun,
      again,
      ...(zone === undefined ? {} : { zone }),
      signal,
      onProgress: ({ bytes, totalBytes, ticks, faults }) =>
        bar.show({ done: bytes, total: totalBytes, bytes, ticks, more: faults > 0 ? `${faults} faults` : '' }),
      onFault: (fault) => {
        bar.clear()
        out.line(flags.json ? JSON.stringify(fault) : faultLine(fault))
      },
    })
    bar.clear()
    void out.write(flags.json ? `${JSON.stringify(report)}\n` : importSummary(report))
    return isWhole(report) ? 0 : 1
  } finally {
    bar.clear()
  }
}

async function importWherever(where: 'offline' | 'anywhere', options: OwnersImportOptions): Promise<ImportReport> {
  try {
    return await importTicks(options)
  } catch (error) {
    if (where === 'offline' || codeOf(error) !== 'IBS_STORAGE_BACKEND_IN_USE') throw error
    const { importThroughOwners } = await import('./import-through-owners.ts') // the other commands start without the client of NATS
    return await importThroughOwners(options)
  }
}

const isWhole = ({ faults, known, leftOut }: ImportReport): boolean => faults + known.faults + leftOut.hours === 0

/** As compilers say it: place, then why. */
function faultLine({ path, line, offsetBytes, ticks, reason }: ImportFault): string {
  if (ticks !== undefined) return `${path}: ${ticks} ticks left out: ${reason}`
  return line === undefined ? `${path}: byte ${offsetBytes}: ${reason}` : `${path}:${line}: ${reason}`
}
