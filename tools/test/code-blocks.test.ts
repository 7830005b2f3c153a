import { spawnSync } from 'node:child_process'
import { glob, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { beforeAll, expect, it } from '@jest/globals'
import { allCommands } from '../../apps/cli/test/all-commands.ts'

const DOCUMENTS = ['*.md', 'docs/**/*.md', 'libs/*/README.md']
/** Of every command, on top of its own. */
const COMMON_OPTIONS = ['--help', '--version']

interface Block {
  /** Document and line. */
  at: string
  language: string
  code: string
}

const blocks: Block[] = []
beforeAll(async () => {
  for await (const path of glob(DOCUMENTS, { exclude: (name) => name.includes('node_modules') })) {
    const text = await readFile(path, 'utf8')
    for (const { 1: indent = '', 2: language = '', 3: code = '', index } of text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)) {
      const at = `${path}:${text.slice(0, index).split('\n').length}`
      blocks.push({ at, language, code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') })
    }
    for (const [n, line] of text.split('\n').entries())
      for (const [, code = ''] of line.matchAll(/`(\.\/ib-stream [^`]+|npm run [^`]+)`/g))
        blocks.push({ at: `${path}:${n + 1}`, language: 'inline', code })
  }
})

const of = (...languages: string[]): Block[] => {
  const found = blocks.filter(({ language }) => languages.includes(language))
  expect(found.length).toBeGreaterThan(2)
  return found
}

/** Runs a program over all blocks at once; it says which it cannot read, a line each. */
function unread(command: string, args: readonly string[], given: readonly Block[]): string[] {
  const { stdout, stderr, status, error } = spawnSync(command, args, { input: JSON.stringify(given), encoding: 'utf8' })
  if (error) throw error
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\n').filter((line) => line !== '')
}

it('each has a language that is known, or is what one types or sees', () => {
  expect(blocks.length).toBeGreaterThan(100)
  const known = ['', 'inline', 'js', 'ts', 'python', 'sh', 'sql', 'json', 'mermaid']
  expect(blocks.filter(({ language }) => !known.includes(language)).map(({ at, language }) => `${at} ${language}`)).toEqual([])
})

const PARSE_JS = `
let text = ''
for await (const part of process.stdin) text += part
for (const { at, code } of JSON.parse(text))
  try { new (require('node:vm').SourceTextModule)(code) } catch (error) { console.log(at, error.message) }`

it('JavaScript and TypeScript are a module', () => {
  const given = of('js', 'ts').map((block) => ({ ...block, code: stripTypeScriptTypes(block.code) }))
  const main = `(async () => {${PARSE_JS}\n})()`
  expect(unread(process.execPath, ['--experimental-vm-modules', '--no-warnings', '-e', main], given)).toEqual([])
})

const PARSE_PYTHON = `
import ast, json, sys
for block in json.load(sys.stdin):
    try:
        ast.parse(block['code'])
    except SyntaxError as error:
        print(block['at'], error)`

it('Python is a program', () => {
  expect(unread('python3', ['-c', PARSE_PYTHON], of('python'))).toEqual([])
})

it('what one types in a shell is known to it', () => {
  const wrong = of('sh').flatMap(({ at, code }) => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' })
    return status === 0 ? [] : [`${at} ${stderr}`]
  })
  expect(wrong).toEqual([])
})

it('what they import of ours is there', async () => {
  const missing: string[] = []
  let names = 0
  for (const { at, code } of of('js', 'ts'))
    for (const [, list = '', room = ''] of code.matchAll(/^import \{([^}]*)\} from '@ib-stream\/([\w/]+)'/gm)) {
      const exported = await readFile(`libs/${room}/src/index.ts`, 'utf8')
      for (const name of list.split(',').map((text) => text.replace(/^\s*type\s/, '').trim())) {
        names += 1
        if (!new RegExp(`\\b${name}\\b`).test(exported)) missing.push(`${at} ${name} of @ib-stream/${room}`)
      }
    }
  expect(missing).toEqual([])
  expect(names).toBeGreaterThan(5)
})

it('commands and options of ib-stream, and scripts of npm, are those that there are', async () => {
  const commands = allCommands().toSorted((a, b) => b.name.length - a.name.length) // `contracts lookup` before `contracts`
  const groups = new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.slice(0, name.indexOf(' '))] : [])))
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> }
  const wrong: string[] = []
  let seen = 0
  for (const { at, code } of of('', 'sh', 'inline')) {
    const lines = code.replaceAll(/\\\n\s*/g, ' ').split('\n')
    for (const [, typed = ''] of lines.flatMap((line) => [...line.matchAll(/(?:^|[\s;|(])\.\/ib-stream ([a-z].*)/g)])) {
      seen += 1
      const words = typed.replace(/\s+#.*$/, '').replaceAll(/'[^']*'|"[^"]*"/g, 'TEXT')
      const [own = ''] = words.split(/ [|>&;] ?|;|&&| -- |\)/)
      const command = commands.find(({ name }) => own === name || own.startsWith(`${name} `))
      if (command === undefined) {
        if (!groups.has(own.split(' ')[0] ?? '')) wrong.push(`${at} ib-stream ${own}`)
        continue
      }
      if (command.passThrough) continue
      const known = [...COMMON_OPTIONS, ...Object.values(command.options ?? {}).flatMap(({ flags }) => flags.match(/--?[\w-]+/g) ?? [])]
      for (const option of own.match(/(?<=\s)--?[a-z][\w-]*/g) ?? [])
        if (!known.includes(option)) wrong.push(`${at} ib-stream ${command.name} has no ${option}`)
    }
    for (const [, script = ''] of code.matchAll(/(?:^|[\s;])npm run ([\w:-]+)/g)) {
      seen += 1
      if (scripts[script] === undefined && !script.startsWith('-')) wrong.push(`${at} npm run ${script}`)
    }
  }
  expect(wrong).toEqual([])
  expect(seen).toBeGreaterThan(200)
})
