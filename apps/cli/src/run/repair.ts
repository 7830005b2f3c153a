import { codeOf } from '@ib-stream/model'
import { type RepairOutcome, type RepairReport, type RepairWord, repair } from '@ib-stream/storage'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/repair.ts'
import { dataDirOf } from '../data-dir.ts'
import type { OwnersRepairOptions } from './repair-through-owners.ts'

/** @returns the exit status: 0 all is whole, 1 something is not (in a dry run: is damaged), 2 something could not be read */
export async function run({ flags, out, signal }: Call<typeof command>): Promise<number> {
  const { json, dryRun } = flags
  const say = (found: object, words: string) => (json ? out.json(found) : out.line(words))
  const { outcomes, unreachable } = await repairWherever(flags.offline ? 'offline' : 'anywhere', {
    dataDir: dataDirOf(flags.dataDir),
    dryRun,
    nats: flags.nats,
    signal,
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
