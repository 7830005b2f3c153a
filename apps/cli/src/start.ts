import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { buildProgram } from './command/build-program.ts'
import { findEntries } from './command/directory.ts'
import { readValues } from './command/read-values.ts'
import { complain, ReaderGone, runCommand } from './command/run-command.ts'
import { Output } from './output/output.ts'
import { ROOT } from './root.ts'

const WRONG_USE = 2

/**
 * Runs a command line. Only the command that is meant is loaded, all of them for a list of them.
 * @returns the exit status
 */
export async function start(argv: readonly string[]): Promise<number> {
  const readerGone = new AbortController()
  const out = new Output({ out: process.stdout, err: process.stderr }, () => readerGone.abort(new ReaderGone('its reader has enough')))
  let status = 0
  try {
    const entries = findEntries(argv)
    const commands = await Promise.all(entries.map(({ describe }) => describe()))
    const program = buildProgram(commands, await version(), out, async (command, given) => {
      const entry = entries[commands.indexOf(command)]
      if (!entry) return
      const passed = command.passThrough ? given.args : []
      const values = command.passThrough ? { flags: {}, args: {} } : readValues(command, given)
      const run = await entry.work()
      status = await runCommand({ command, values: { ...values, passed }, run, out, readerGone: readerGone.signal })
    })
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 || error.code === 'commander.help' ? 0 : WRONG_USE
    return complain(out, error)
  }
}

async function version(): Promise<string> {
  return (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version
}
