import { loadConfig } from '@ib-stream/service'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/doctor.ts'
import { dataDirOf, loadDotEnv } from '../data-dir.ts'
import { examine } from '../doctor/examine.ts'
import { findingLine } from '../doctor/finding-line.ts'

const WITHIN_MS = 5_000

/** @returns the exit status: 1 where something fails */
export async function run({ flags, out, signal }: Call<typeof command>): Promise<number> {
  loadDotEnv()
  const config = loadConfig({ ...process.env, DATA_DIR: dataDirOf(undefined) })
  let failed = 0
  for await (const finding of examine({ config, when: 'at any time', withinMs: WITHIN_MS })) {
    signal.throwIfAborted()
    failed += finding.state === 'fail' ? 1 : 0
    if (flags.json) out.json(finding)
    else out.line(findingLine(out, finding))
  }
  return failed > 0 ? 1 : 0
}
