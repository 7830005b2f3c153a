import { isoFromUs } from '@ib-stream/model'
import { compareBackends } from '@ib-stream/storage'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/compare.ts'
import { dataDirOf } from '../data-dir.ts'

/** @returns the exit status: 0 alike, 1 they differ */
export async function run({ args, flags, out }: Call<typeof command>): Promise<number> {
  const [first, second] = [args.first ?? 'json', args.second ?? 'pb']
  const say = (found: object, words: string) => (flags.json ? out.json(found) : out.line(words))
  const { hours, ticks, openHours, removedHours, differences } = await compareBackends({
    dataDir: dataDirOf(flags.dataDir),
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
}
