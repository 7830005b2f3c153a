import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readRunning } from '../apps/cli/src/up/running.ts'
import { STANDING_WITHIN_MS, StandingUp } from '../apps/cli/test/standing-up.ts'
import { findPython } from './support/python.ts'
import { waitFor } from './support/wait-for.ts'

/** What each block of a guide shows, by the heading above it. */
const GUIDES: Readonly<Record<string, Readonly<Record<string, readonly RegExp[]>>>> = {
  'docs/guides/your-own-tools.md': {
    pandas: [/open +high +low +close +volume\n(.*\n)*.*\d+\.\d/, /^\d+\.\d{4} effective spread over [1-9]\d* trades$/m, /mean +0\.\d+/],
    pyarrow: [/'tt'.*\] [1-9]\d*\n(.*\n)*last +\d/, /^\d+\.\d+ VWAP$/m],
    DuckDB: [/265598.*bid_ask/, /volume/],
    'The bus, from Python': [/('tt': 'bid_ask'|'tt': 'last')/, /('tt': 'bid_ask'|'tt': 'last')/],
    'curl and jq': [/"trades":\s+[1-9]/, /^\["(bid_ask|last)",/m, /^\d{16},\d/m],
    WebSocket: [/^(\{.*'tt': 'bid_ask'.*\}\n){5}$/, /^\["tick",\d/m],
  },
  'docs/guides/one-day.md': {
    'Before the open': [/^ok +lines/m, /IBM(.*\n)*.*8314/],
    'During the session': [/^(.*(bid|last) .*\n){5}.*high.*low.*(.*\n)+\{.*"vwap"/],
    'Something went wrong': [/^(all is well|\d\d:\d\d:.* info )(.*\n)*(no gaps|.*(bid_ask|last))/],
    'After the close': [/MNQ.*%/, /(bid|last) \d/, /day\.csv\.gz: [\d,]+ ticks(.*\n)+quotes\.parquet: /],
    'In the evening': [/json.*\d(.*\n)*disk: .* free/],
  },
}

interface Block {
  heading: string
  nth: number
  language: string
  code: string
}

function blocksOf(guide: string): Block[] {
  return guide.split(/^## /m).flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n'))
    return [...section.matchAll(/```(python|sh)\n(.*?)```/gs)].map(([, language = '', code = ''], nth) => ({
      heading,
      nth,
      language,
      code,
    }))
  })
}

/** Modules of Python, or programs, that a block needs. */
function needsOf({ language, code }: Block): string[] {
  if (language === 'sh') return ['curl', 'jq', 'websocat'].filter((program) => new RegExp(`(^|\\s)${program} `, 'm').test(code))
  return ['pandas', 'pyarrow', 'duckdb', 'nats', 'websockets'].filter(
    (module) => new RegExp(`^import ${module}\\b|to_pandas`, 'm').test(code) && code.includes(module),
  )
}

const isProgram = (name: string): boolean => {
  try {
    execFileSync('bash', ['-c', `command -v ${name}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

let standing: StandingUp
let natsUrl = ''
beforeAll(async () => {
  standing = await StandingUp.start()
  natsUrl = (await readRunning(standing.dataDir))?.natsUrl ?? ''
  await waitFor(
    'trades of some seconds are in the files',
    async () => {
      const answer = await fetch(`${standing.url}/v3/buffer/265598/query?tick_types=last&buffer_duration=5m&format=ndjson&committed=true`)
      return (await answer.text()).split('\n').length > 20
    },
    60_000,
  )
}, STANDING_WITHIN_MS)
afterAll(() => standing?.[Symbol.asyncDispose]())

/** What it prints. */
function run({ language, code }: Block, python: string): Promise<{ status: number; out: string }> {
  const nats = new URL(natsUrl)
  const text = code
    .replaceAll('http://127.0.0.1:8851', standing.url)
    .replaceAll('ws://127.0.0.1:8851', standing.url.replace('http', 'ws'))
    .replaceAll('nats://127.0.0.1:4222', natsUrl)
    .replaceAll("('127.0.0.1', 4222)", `('127.0.0.1', ${nats.port})`)
    .replaceAll('./ib-stream ', `${resolve('ib-stream')} `)
  const typed = language === 'sh' ? ['bash', '-e', '-o', 'pipefail', '-c', text] : [python, '-c', text]
  return new Promise((done) => {
    const options = { cwd: standing.folder, env: { ...process.env, ...standing.env } }
    // Not by execFile's own limit, which ends the shell alone: what it has begun would go on, and hold what it prints to open.
    execFile('timeout', ['--kill-after=5', '60', ...typed], options, (error, out, problems) => {
      const isQuiet = language === 'python' && error === null // it may warn of its own modules
      done({ status: error === null ? 0 : Number(error.code ?? -1), out: isQuiet ? out : out + problems })
    })
  })
}

describe.each(Object.entries(GUIDES))('each block of %s', (guide, all) => {
  const blocks = blocksOf(readFileSync(guide, 'utf8'))

  it.each(blocks.map((block) => ({ ...block, name: `${block.heading} ${block.nth + 1}` })))(
    '$name',
    async (block) => {
      const shows = all[block.heading]?.[block.nth]
      if (!shows) throw new Error(`say in GUIDES what this block of ${guide} prints`)
      const needs = needsOf(block)
      const python = block.language === 'python' ? await findPython(needs) : 'none'
      const missing = block.language === 'sh' ? needs.filter((name) => !isProgram(name)) : []
      if (python === undefined || missing.length > 0) {
        process.stderr.write(
          `NOT TESTED: ${guide}, ${block.heading} ${block.nth + 1}: no ${(python === undefined ? needs : missing).join(', ')} here\n`,
        )
        return
      }
      const { status, out } = await run(block, python)
      expect({ status, out }).toEqual({ status: 0, out: expect.stringMatching(shows) })
    },
    90_000,
  )

  it('is found: none of what the table names is left over', () => {
    const found = Object.entries(all).flatMap(([heading, shows]) => shows.map((_, nth) => `${heading} ${nth}`))
    expect(blocks.map(({ heading, nth }) => `${heading} ${nth}`)).toEqual(found)
  })
})
