import { codeOf } from '@ib-stream/model'
import { type RepairOutcome, type RepairReport, type RepairWord, repair } from '@ib-stream/storage'
import type { Command } from 'commander'
import { dataDirOf, withDataDir } from '../data-dir.ts'
import type { OwnersRepairOptions } from './repair-through-owners.ts'

interface RepairFlags {
  dataDir?: string
  offline?: true
  nats?: string
  dryRun?: boolean
  json?: true
}

/** Adds `ib-stream repair`. */
export function registerRepair(program: Command): void {
  withDataDir(program.command('repair'))
    .description('mend closed hours that verify finds damaged; where writers run, they do it')
    .option('--offline', 'only while no writer runs; it is checked')
    .option('--nats <address>', 'where to ask them (default: NATS_URL, or the server that "up" runs on the recording)')
    .option('--dry-run', 'decide everything, write nothing')
    .option('-j, --json', 'one JSON object a line, the counts last')
    .action(async (flags: RepairFlags) => {
      process.exitCode = await runRepair(flags)
    })
}

/** @returns the exit status: 0 all is whole, 1 something is not (in a dry run: is damaged), 2 could not look, 130 stopped */
async function runRepair({ dataDir, offline, nats, dryRun = false, json }: RepairFlags): Promise<number> {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new Error('stopped')))
  process.once('SIGTERM', () => stop.abort(new Error('stopped')))
  const say = (found: object, words: string) => process.stdout.write(`${json ? JSON.stringify(found) : words}\n`)
  try {
    const { outcomes, unreachable } = await repairWherever(offline === true ? 'offline' : 'anywhere', {
      dataDir: dataDirOf(dataDir),
      dryRun,
      nats,
      signal: stop.signal,
      onOutcome: (outcome) => say(outcome, wordsOf(outcome)),
    })
    for (const found of unreachable) say({ ...found, kind: 'not_looked_at' }, `${found.path}  not looked at: ${found.reason}`)
    const count = (word: RepairWord) => outcomes.filter(({ did }) => did === word).length
    const counts = {
      restored: count('restored'),
      rebuilt: count('rebuilt'),
      entered: count('entered'),
      salvaged: count('salvaged'),
      left: count('left'),
      notLookedAt: unreachable.length,
      dryRun,
    }
    const { restored, rebuilt, entered, salvaged, left, notLookedAt } = counts
    const words = `${restored} restored, ${rebuilt} rebuilt, ${entered} entered, ${salvaged} salvaged, ${left} left, ${notLookedAt} not looked at`
    say(counts, `${words}${dryRun ? ' (dry run: nothing was written)' : ''}`)
    if (left + salvaged > 0 || (dryRun && outcomes.length > 0)) return 1
    return notLookedAt > 0 ? 2 : 0
  } catch (error) {
    if (codeOf(error) === 'EPIPE') return 2
    if (stop.signal.aborted) {
      process.stderr.write('stopped; the same command goes on\n')
      return 130
    }
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}

async function repairWherever(where: 'offline' | 'anywhere', options: OwnersRepairOptions): Promise<RepairReport> {
  try {
    return await repair(options)
  } catch (error) {
    if (where === 'offline' || codeOf(error) !== 'IBS_STORAGE_BACKEND_IN_USE') throw error
    const { repairThroughOwners } = await import('./repair-through-owners.ts') // the other verbs start without the client of NATS
    return await repairThroughOwners(options)
  }
}

function wordsOf({ path, kind, did, detail, keptIn }: RepairOutcome): string {
  return `${path}  ${kind}, ${did}: ${detail}${keptIn === undefined ? '' : `; as it was: ${keptIn}`}`
}
