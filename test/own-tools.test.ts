import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readRunning } from '../apps/cli/src/up/running.ts'
import { StandingUp } from '../apps/cli/test/standing-up.ts'
import { findPython } from './support/python.ts'
import { waitFor } from './support/wait-for.ts'

const GUIDE = 'docs/guides/your-own-tools.md'
/** What each block shows, by the heading above it. */
const SHOWS: Readonly<Record<string, readonly RegExp[]>> = {
  pandas: [/open +high +low +close +volume\n(.*\n)*.*\d+\.\d/, /^\d+\.\d{4} effective spread over [1-9]\d* trades$/m, /mean +0\.\d+/],
  pyarrow: [/'tt'.*\] [1-9]\d*\n(.*\n)*last +\d/, /^\d+\.\d+ VWAP$/m],
  DuckDB: [/265598.*bid_ask/, /volume/],
  'The bus, from Python': [/('tt': 'bid_ask'|'tt': 'last')/, /('tt': 'bid_ask'|'tt': 'last')/],
  'curl and jq': [/"trades":\s+[1-9]/, /^\["(bid_ask|last)",/m, /^\d{16},\d/m],
  websocat: [/^\["tick",\d/m],
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
  return ['pandas', 'pyarrow', 'duckdb', 'nats'].filter(
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
}, 120_000)
afterAll(() => standing?.[Symbol.asyncDispose]())

/** What it prints. */
function run({ language, code }: Block, python: string): Promise<{ status: number; out: string }> {
  const nats = new URL(natsUrl)
  const text = code
    .replaceAll('http://127.0.0.1:8851', standing.url)
    .replaceAll('ws://127.0.0.1:8851', standing.url.replace('http', 'ws'))
    .replaceAll('nats://127.0.0.1:4222', natsUrl)
    .replaceAll("('127.0.0.1', 4222)", `('127.0.0.1', ${nats.port})`)
  const [command, args] = language === 'sh' ? ['bash', ['-o', 'pipefail', '-c', text]] : [python, ['-c', text]]
  return new Promise((resolve) => {
    execFile(command, args, { cwd: standing.folder, timeout: 60_000 }, (error, out, problems) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), out: error === null ? out : out + problems })
    })
  })
}

describe(`each block of ${GUIDE}`, () => {
  const blocks = blocksOf(readFileSync(GUIDE, 'utf8'))

  it.each(blocks.map((block) => ({ ...block, name: `${block.heading} ${block.nth + 1}` })))(
    '$name',
    async (block) => {
      const shows = SHOWS[block.heading]?.[block.nth]
      if (!shows) throw new Error(`say in SHOWS what this block of ${GUIDE} prints`)
      const needs = needsOf(block)
      const python = block.language === 'python' ? await findPython(needs) : 'none'
      const missing = block.language === 'sh' ? needs.filter((name) => !isProgram(name)) : []
      if (python === undefined || missing.length > 0) {
        process.stderr.write(
          `NOT TESTED: ${GUIDE}, ${block.heading} ${block.nth + 1}: no ${(python === undefined ? needs : missing).join(', ')} here\n`,
        )
        return
      }
      const { status, out } = await run(block, python)
      expect({ status, out }).toEqual({ status: 0, out: expect.stringMatching(shows) })
    },
    90_000,
  )

  it('is found: none of what the table names is left over', () => {
    const found = Object.entries(SHOWS).flatMap(([heading, shows]) => shows.map((_, nth) => `${heading} ${nth}`))
    expect(blocks.map(({ heading, nth }) => `${heading} ${nth}`)).toEqual(found)
  })
})
