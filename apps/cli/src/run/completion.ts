import { completionScript } from '../command/completion-script.ts'
import type { Call } from '../command/define-command.ts'
import { DIRECTORY } from '../command/directory.ts'
import type { command } from '../commands/completion.ts'

export async function run({ args, out }: Call<typeof command>): Promise<void> {
  const commands = await Promise.all(DIRECTORY.map(({ describe }) => describe()))
  await out.write(completionScript(commands, args.shell === 'zsh' ? 'zsh' : 'bash'))
}
