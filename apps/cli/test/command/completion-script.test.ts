import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from '@jest/globals'
import { waitFor } from '../../../../test/support/wait-for.ts'
import { completionScript } from '../../src/command/completion-script.ts'
import { allCommands } from '../all-commands.ts'
import { Terminal } from '../terminal.ts'

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
  expect(offered('ib-stream', 'services', 'restart', 'writer-')).toEqual(['writer-json', 'writer-proto', 'writer-parquet'])
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

/** Keys before each Tab, and the line after it. */
const TYPED: readonly (readonly [keys: string, line: string])[][] = [
  [
    ['quer', 'query'],
    ['265598 --form', 'query 265598 --format'],
    ['arr', 'query 265598 --format arrow'],
  ],
  [['contracts sched', 'contracts schedule']],
  [['export AAPL -o tic', 'export AAPL -o ticks-of-a-day.csv']],
]

it.each([
  ['bash', 'bash --norc --noprofile -i', ''],
  ['zsh', 'zsh -f -i', ' '], // leaves the blank behind a word to the person
] as const)(
  'completes what a person types in %s',
  async (shell, call, blank) => {
    if (spawnSync(shell, ['--version']).error) return void process.stderr.write(`NOT TESTED: completion in ${shell}, which is not here\n`)
    const folder = await mkdtemp(join(tmpdir(), 'ibs-completion-'))
    try {
      await writeFile(join(folder, 'completion'), completionScript(allCommands(), shell))
      await writeFile(join(folder, 'ticks-of-a-day.csv'), '')
      using terminal = new Terminal(call, { cwd: folder, env: { HOME: folder, ZDOTDIR: folder, INPUTRC: '/dev/null' } })
      terminal.type('ib-stream() { echo "called:" "$@"; }; . ./completion; echo set-$((1 + 1))\r')
      await terminal.shows('set-2')
      for (const steps of TYPED) {
        terminal.type('ib-stream ')
        for (const [i, [keys, line]] of steps.entries()) {
          terminal.type(`${i === 0 ? '' : blank}${keys}\t`) // and no key behind it: while one waits, zsh takes a Tab for a Tab
          await waitFor(`${shell} shows "${line}"`, () => stripVTControlCharacters(terminal.shown).includes(`ib-stream ${line}`), 30_000)
        }
        terminal.type('\r')
        await terminal.shows(`called: ${steps.at(-1)?.[1]}`)
      }
      terminal.type('exit\r')
      expect(await terminal.ended).toBe(0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  60_000,
)
