import { codeOf } from '@ib-stream/model'
import { verify } from '@ib-stream/storage'
import type { Command } from 'commander'
import { dataDirOf, withDataDir } from '../data-dir.ts'

interface VerifyFlags {
  dataDir?: string
  json?: true
}

/** Adds `ib-stream verify`. */
export function registerVerify(program: Command): void {
  withDataDir(program.command('verify'))
    .description('hold every recorded file to its checksum; works beside running writers and changes nothing')
    .option('-j, --json', 'one JSON object a line, the counts last')
    .action(async (flags: VerifyFlags) => {
      process.exitCode = await runVerify(flags)
    })
}

/** @returns the exit status: 0 clean, 1 damaged, 2 something could not be looked at */
async function runVerify({ dataDir, json }: VerifyFlags): Promise<number> {
  const say = (found: object, words: string) => process.stdout.write(`${json ? JSON.stringify(found) : words}\n`)
  try {
    const { damage, unreachable, files, bytes, notVouchedFiles } = await verify({
      dataDir: dataDirOf(dataDir),
      onDamage: (found) => say(found, `${found.path}  ${found.kind}: ${found.detail}`),
      onUnreachable: (found) => say({ ...found, kind: 'not_looked_at' }, `${found.path}  not looked at: ${found.reason}`),
    })
    const counts = { files, bytes, notVouchedFiles, damaged: damage.length, notLookedAt: unreachable.length }
    const older = notVouchedFiles > 0 ? `; ${notVouchedFiles} have no checksum (imported or older): only their records were read` : ''
    say(counts, `${files} files, ${bytes} bytes: ${damage.length} damaged, ${unreachable.length} not looked at${older}`)
    return damage.length > 0 ? 1 : unreachable.length > 0 ? 2 : 0
  } catch (error) {
    if (codeOf(error) === 'EPIPE') return 2
    process.stderr.write(`${Error.isError(error) ? error.message : String(error)}\n`)
    return 2
  }
}
