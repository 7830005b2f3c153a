import { verify } from '@ib-stream/storage'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/verify.ts'
import { dataDirOf } from '../data-dir.ts'

/** @returns the exit status: 0 clean, 1 damaged, 2 something could not be looked at */
export async function run({ flags, out }: Call<typeof command>): Promise<number> {
  const say = (found: object, words: string) => (flags.json ? out.json(found) : out.line(words))
  const { damage, unreachable, files, bytes, notVouchedFiles } = await verify({
    dataDir: dataDirOf(flags.dataDir),
    onDamage: (found) => say(found, `${found.path}  ${out.paint('red', found.kind)}: ${found.detail}`),
    onUnreachable: (found) => say({ ...found, kind: 'not_looked_at' }, `${found.path}  not looked at: ${found.reason}`),
  })
  const counts = { files, bytes, notVouchedFiles, damaged: damage.length, notLookedAt: unreachable.length }
  const older = notVouchedFiles > 0 ? `; ${notVouchedFiles} have no checksum (imported or older): only their records were read` : ''
  say(counts, `${files} files, ${bytes} bytes: ${damage.length} damaged, ${unreachable.length} not looked at${older}`)
  return damage.length > 0 ? 1 : unreachable.length > 0 ? 2 : 0
}
