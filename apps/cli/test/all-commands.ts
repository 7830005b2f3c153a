import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import type { Command } from '../src/command/define-command.ts'

/** The description of every command; functions in them are left out. */
export const allCommands = (): Command[] =>
  JSON.parse(execFileSync(process.execPath, [resolve('apps/cli/test/print-commands.ts')], { encoding: 'utf8' })) as Command[]
