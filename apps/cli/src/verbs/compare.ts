import { isoFromUs } from '@ib-stream/model'
import { BACKENDS, type Backend, compareBackends } from '@ib-stream/storage'
import { Argument, type Command } from 'commander'
import { dataDirOf, withDataDir } from '../data-dir.ts'

interface CompareFlags {
  dataDir?: string
  json?: true
}

/** Adds `ib-stream compare`. */
export function registerCompare(program: Command): void {
  withDataDir(program.command('compare'))
    .description('compare two backends tick by tick, in all closed hours; changes nothing')
    .addArgument(new Argument('[first]', 'a backend').choices([...BACKENDS]).default('json'))
    .addArgument(new Argument('[second]', 'another backend').choices([...BACKENDS]).default('pb'))
    .option('-j, --json', 'one JSON object a line, the counts last')
    .action(async (first: Backend, second: Backend, flags: CompareFlags) => {
      process.exitCode = await runCompare(first, second, flags)
    })
}

/** @returns the exit status: 0 alike, 1 they differ, 2 could not look */
async function runCompare(first: Backend, second: Backend, { dataDir, json }: CompareFlags): Promise<number> {
  const say = (found: object, words: string) => process.stdout.write(`${json ? JSON.stringify(found) : words}\n`)
  try {
    const { hours, ticks, openHours, removedHours, differences } = await compareBackends({
      dataDir: dataDirOf(dataDir),
      backends: [first, second],
      onDifference: (found) => {
        const { cid, tt, hourUs, only, unreadable, example } = found
        const what =
          only[0] + only[1] > 0 ? `${only[0]} ticks only in ${first}, ${only[1]} only in ${second}` : 'the same ticks in another order'
        const damage = unreadable[0] + unreadable[1] > 0 ? `; unreadable ${unreadable[0]} and ${unreadable[1]}` : ''
        say(found, `${isoFromUs(hourUs).slice(0, 13)} ${cid} ${tt}  ${what}${damage}${example === '' ? '' : `; first ${example}`}`)
      },
    })
    const counts = { hours, ticks, openHours, removedHours, differentHours: differences.length }
    const removed = removedHours > 0 ? `, ${removedHours} were taken away by retention` : ''
    say(counts, `${hours} hours, ${ticks} ticks in ${first}: ${differences.length} hours differ, ${openHours} are still open${removed}`)
    return differences.length > 0 ? 1 : 0
  } catch (error) {
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}
