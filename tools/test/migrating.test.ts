import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FIELDS, hourOf, TICK_TYPES } from '@ib-stream/model'
import { segmentPath } from '@ib-stream/storage'
import { describeStudies, prepareStudy, pushAll } from '@ib-stream/studies'
import { describe, expect, it } from '@jest/globals'
import { allCommands } from '../../apps/cli/test/all-commands.ts'
import { runCli } from '../../apps/cli/test/run-cli.ts'
import { SETTINGS } from '../../libs/service/src/settings.ts'
import { writeSource, writtenV2Line } from '../../libs/storage/test/import/old-recordings.ts'
import { madeUpDay } from '../../libs/studies/test/ticks.ts'
import { OLD_COMMANDS, OLD_OUTPUTS, OLD_SETTINGS, OLD_STUDY_PARAMETERS } from './old-system.ts'

const GUIDE = 'docs/guides/migrating-from-python.md'
const BY_PATH = 'docs/guides/from-the-python-system.md'

interface Row {
  old: string
  now: string
}

/** The rows of all tables of a part of a page: from its heading to the next one of that depth or above. */
async function rowsOf(path: string, heading: string): Promise<Row[]> {
  const [, depth = ''] = /^(#+) /.exec(heading) ?? []
  const page = await readFile(path, 'utf8')
  const from = page.indexOf(`\n${heading}\n`) + heading.length + 2
  const [part = ''] = page.slice(from).split(new RegExp(`^#{1,${depth.length}} `, 'm'))
  const rows = part.split('\n').flatMap((line) => {
    const [, first = '', ...rest] = line.split(' | ').length > 1 ? ['', ...line.replace(/^\| ?/, '').split(' | ')] : []
    return line.startsWith('|') && !/^\|-|^\| old \|/.test(line) ? [{ old: first, now: rest.join(' | ') }] : []
  })
  expect(rows.length).toBeGreaterThan(0)
  return rows
}

const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
const named = (text: string): string[] => quoted(text).filter((word) => /^[A-Z][A-Z0-9_]+$/.test(word))
const missing = (wanted: readonly string[], there: Iterable<string>): string[] => {
  const all = new Set(there)
  return wanted.filter((name) => !all.has(name))
}

describe('the guide for users of the Python system', () => {
  it('has every old setting, and sends to settings that there are', async () => {
    const rows = await rowsOf(GUIDE, '## Settings')
    const known = rows.flatMap(({ old }) => named(old))
    expect(missing(OLD_SETTINGS, known)).toEqual([])
    expect(missing([...new Set(rows.flatMap(({ now }) => named(now)))], Object.keys(SETTINGS))).toEqual([])
  })

  it('has every key of a message, and each name of a tick type, as they are now', async () => {
    const rows = await rowsOf(GUIDE, '## The message')
    const now = rows.flatMap((row) => quoted(row.now)).filter((word) => /^[a-z_]+$/.test(word))
    const keys = FIELDS.map(({ key }) => key)
    expect(missing(keys, now)).toEqual([])
    expect(missing([...TICK_TYPES], now)).toEqual([])
    expect(missing(now, [...keys, ...TICK_TYPES])).toEqual([])
  })

  it('names the files as they are', async () => {
    const now = (await rowsOf(GUIDE, '## Files')).flatMap((row) => quoted(row.now)).filter((word) => /^(json|pb)\/YYYY/.test(word))
    const forms = (['json', 'pb'] as const).map((backend) => {
      const hourUs = hourOf(1_753_837_634_000_000)
      const path = segmentPath({ backend, cid: 711280073, tt: 'bid_ask', hourUs })
      return path
        .replace('2025/07/30/01', 'YYYY/MM/DD/HH')
        .replace('711280073', '{cid}')
        .replace('bid_ask', '{tt}')
        .replace('1753837200', '{hour}')
    })
    expect(now.toSorted()).toEqual(forms.toSorted())
  })

  it('has every old parameter of a study, and sends to parameters that there are', async () => {
    const rows = await rowsOf(GUIDE, '### Parameters')
    expect(
      missing(
        OLD_STUDY_PARAMETERS,
        rows.flatMap(({ old }) => quoted(old)),
      ),
    ).toEqual([])
    const known = describeStudies().flatMap(({ parameters }) => Object.keys((parameters as { properties?: object }).properties ?? {}))
    const now = rows.flatMap((row) => quoted(row.now)).filter((word) => /^[a-z_]+$/.test(word))
    expect(now.length).toBeGreaterThan(3)
    expect(missing(now, known)).toEqual([])
  })

  it('has every key of a study’s outputs that is there no more', async () => {
    const rows = await rowsOf(GUIDE, '## Studies')
    for (const [name, old] of Object.entries(OLD_OUTPUTS)) {
      const outputs = pushAll(prepareStudy(name, {}).create(), madeUpDay(2_000))
      const there = outputs.flatMap((output) => pathsOf(output))
      const told = rows
        .filter(({ old: which }) => /^all\b/.test(which) || which.split(', ').some((one) => one.replace('-', '_') === name))
        .flatMap(({ now }) => quoted(now.split(' | ')[0] ?? ''))
      expect({ name, gone: missing(old, [...there, ...told]) }).toEqual({ name, gone: [] })
    }
  })
})

describe('the import that the guide shows', () => {
  it('says at its end what the guide prints, in these words and this order', async () => {
    await using dir = await oldRecording()
    const run = runCli(['import', '--offline', '--to', join(dir.folder, 'data'), dir.source])
    expect([await run.ended, run.err]).toEqual([1, ''])
    const [, shown = ''] = /not estimated:\n\n```\n(.*?)```/s.exec(await readFile(GUIDE, 'utf8')) ?? []
    const report = run.out.slice(run.out.indexOf('\nread ') + 1)
    expect(withoutNumbers(report)).toBe(withoutNumbers(shown))
  })
})

const withoutNumbers = (text: string): string => text.replaceAll(/ \d[\d,.]*/g, ' N')

/** Lines of v2 and one that is none, as the guide's example had. */
async function oldRecording() {
  const folder = await mkdtemp(join(tmpdir(), 'ibs-old-'))
  const lines = madeUpDay(200).map((tick) => writtenV2Line(tick))
  const source = await writeSource(join(folder, 'storage/v2/json/2025/07/30/14/bg_711280073_last.jsonl'), [...lines, 'rubbish\n'])
  return { folder, source, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** `summary.trade_count` and so on, of a record and what it holds. */
const pathsOf = (record: object, before = ''): string[] =>
  Object.entries(record).flatMap(([key, value]) => [
    `${before}${key}`,
    ...(typeof value === 'object' && value !== null ? pathsOf(value, `${before}${key}.`) : []),
  ])

describe('commands in documents', () => {
  /** Words of options by the name of a command; undefined: what stands there goes to another program. */
  const commands = new Map(
    allCommands().map(({ name, options = {}, passThrough }) => [
      name,
      passThrough ? undefined : Object.values(options).flatMap(({ flags }) => flags.split(/[ ,]+/)),
    ]),
  )

  /** What is wrong with `study AAPL vwap -p std_dev=3`; undefined: nothing. */
  function faultOf(words: readonly string[]): string | undefined {
    const [first = '', second = ''] = words
    if (['--help', '--version'].includes(first)) return undefined
    const isGroup = second === '' && [...commands.keys()].some((one) => one.startsWith(`${first} `))
    const name = [`${first} ${second}`, first].find((one) => commands.has(one))
    if (name === undefined) return isGroup ? undefined : `no command ${first} ${second}`
    const given = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/, ''))
    const unknown = missing(given, [...(commands.get(name) ?? given), '--help', '-h'])
    return unknown.length > 0 ? `no option ${unknown.join(' ')}` : undefined
  }

  it('are commands that there are, with options that they have', async () => {
    const faults: string[] = []
    let count = 0
    for await (const path of glob(['README.md', 'docs/**/*.md', 'libs/client/README.md'])) {
      for (const [, text = ''] of (await readFile(path, 'utf8')).matchAll(/\.\/ib-stream +([^\n`|#;>&<)]+)/g)) {
        const words = text.trim().split(/\s+/)
        if (!/^[a-z-]+$/.test(words[0] ?? '')) continue
        count += 1
        const fault = faultOf(words)
        if (fault) faults.push(`${path}: ./ib-stream ${text.trim()}: ${fault}`)
      }
    }
    expect(faults).toEqual([])
    expect(count).toBeGreaterThan(50)
  })

  it('of the Python system have each its row, and a command or the reason why there is none', async () => {
    const rows = await rowsOf(BY_PATH, '## Commands')
    expect(
      missing(
        OLD_COMMANDS,
        rows.flatMap(({ old }) => quoted(old)),
      ),
    ).toEqual([])
    expect(rows.filter(({ now }) => now.trim() === '')).toEqual([])
  })

  it('each stand in that table or are new and named there', async () => {
    const page = await readFile(BY_PATH, 'utf8')
    const told = quoted(page.slice(page.indexOf('## Commands'))).map((word) => word.replace('./ib-stream ', ''))
    const words = new Set(told.flatMap((word) => [word, word.split(' ')[0] ?? '', word.split(' ').slice(0, 2).join(' ')]))
    const names = [...commands.keys()].filter((name) => !words.has(name) && !words.has(name.split(' ')[0] ?? ''))
    expect(names).toEqual([])
  })
})
