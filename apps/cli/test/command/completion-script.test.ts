import { execFileSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { completionScript } from '../../src/command/completion-script.ts'
import { allCommands } from '../all-commands.ts'

const script = completionScript(allCommands(), 'bash')

/** What a real bash offers for the last word. */
function offered(...words: string[]): string[] {
  const typed = words.map((word) => `'${word}'`).join(' ')
  const text = `${script}\nCOMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _ib_stream; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', text], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')
}

it('completes commands, those of a group, options and their words', () => {
  expect(offered('ib-stream', 'qu')).toEqual(['query'])
  expect(offered('./ib-stream', 'contracts', 's')).toEqual(['show', 'status', 'schedule'])
  expect(offered('ib-stream', 'query', '265598', '--form')).toEqual(['--format'])
  expect(offered('ib-stream', 'query', '265598', '--format', 'a')).toEqual(['arrow'])
  expect(offered('ib-stream', 'services', 'restart', 'writer-')).toEqual(['writer-json', 'writer-proto'])
})

it('offers files where an option or argument takes them, and nothing where nobody can know', () => {
  expect(offered('ib-stream', 'export', '265598', '-o', 'package.jso')).toEqual(['package.json'])
  expect(offered('ib-stream', 'import', 'package.jso')).toEqual(['package.json'])
  expect(offered('ib-stream', 'query', '265598', '--start', 'pack')).toEqual([])
})

it('is the same script for zsh, behind its layer for bash', () => {
  expect(completionScript(allCommands(), 'zsh')).toBe(
    `autoload -Uz compinit && compinit\nautoload -Uz bashcompinit && bashcompinit\n${script}`,
  )
})
