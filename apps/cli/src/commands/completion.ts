import { defineCommand } from '../command/define-command.ts'
import { argument, oneOf } from '../command/option.ts'

const SHELLS = ['bash', 'zsh'] as const

export const command = defineCommand({
  name: 'completion',
  group: 'service',
  summary: 'print what makes a shell complete commands, options and their words',
  args: { shell: { ...argument('shell', 'which shell', { choices: SHELLS }), read: oneOf(SHELLS) } },
  examples: [
    { run: 'completion bash > ib-stream.bash', does: 'then: source ib-stream.bash, also in ~/.bashrc' },
    { run: 'completion zsh > _ib-stream', does: 'then: source _ib-stream, also in ~/.zshrc' },
  ],
  interrupt: 'stops',
})
