import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePort } from '../../../test/support/free-port.ts'
import { nodeProgram } from '../../../test/support/program.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import type { Example } from '../src/command/define-command.ts'
import { allCommands } from './all-commands.ts'
import { STANDING_WITHIN_MS, StandingUp, shellText } from './standing-up.ts'
import { Terminal } from './terminal.ts'

let standing: StandingUp
let port = 0
beforeAll(async () => {
  standing = await StandingUp.start()
  port = await freePort()
  await waitFor('trades and quotes of a few seconds are recorded', async () => {
    const { out } = await typed('ib-stream query 265598 -t last --last 1m --json | wc -l')
    return Number(out) > 20
  })
}, STANDING_WITHIN_MS)
afterAll(() => standing?.[Symbol.asyncDispose]())

interface Typed {
  status: number
  out: string
  err: string
}

/** A command takes seconds; the first `sql` fetches DuckDB where it was not yet. */
const COMMAND_MS = 300_000

function typed(text: string, env: Record<string, string> = {}): Promise<Typed> {
  return new Promise((resolve) => {
    const options = { cwd: standing.folder, env: { ...process.env, ...standing.env, ...env }, timeout: COMMAND_MS }
    execFile('bash', ['-c', shellText(text)], options, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), out, err })
    })
  })
}

/** Examples that do not end with 0 here, and what shows that they work: one `up` runs already, and nothing was captured. */
const OTHER_END: Readonly<Record<string, RegExp>> = {
  up: /IBS_CLI_ALREADY_RUNNING/,
  'archive status': /IBS_ARCHIVE_OFF/,
  'archive status --verify --json': /IBS_ARCHIVE_OFF/,
  'archive fetch 265598 --last 30d': /IBS_ARCHIVE_OFF/,
  'archive fetch --start 2025-07-30T00:00Z --end 2025-07-31T00:00Z -d restored': /IBS_ARCHIVE_OFF/,
  'replay-capture --port 4010 capture': /capture/,
}
/** Examples that go on for ever: when they said so, they are stopped. */
const ENDLESS: Readonly<Record<string, RegExp>> = { 'gateway-sim --port 4010 --seed 7': /listening/i }

describe('each example of --help', () => {
  it.each(allCommands())(
    '$name',
    async ({ examples }) => {
      expect(examples.length).toBeGreaterThan(0)
      for (const example of examples) await tryOut(example)
    },
    COMMAND_MS + 60_000,
  )

  async function tryOut({ run }: Example): Promise<void> {
    const [words, endless] = [run.replace('4010', String(port)), ENDLESS[run]]
    if (endless !== undefined) {
      await using program = nodeProgram(run, 'apps/cli/src/main.ts', standing.env, words.split(' ')).start()
      await waitFor(`${run} runs`, () => endless.test(program.output), 30_000)
      return
    }
    const { status, out, err } = await typed(`ib-stream ${words}`)
    if (OTHER_END[run]) expect(err).toMatch(OTHER_END[run])
    else expect({ run, status, words: status === 0 ? '' : `${out}${err}` }).toEqual({ run, status: 0, words: '' })
  }
})

describe('export', () => {
  it('counts the same ticks in every form, compressed or not, and refuses to replace a file', async () => {
    const end = Math.floor(Date.now() / 1_000) - 2
    const range = `--start ${end - 4} --end ${end}`
    const told = new Set<string>()
    for (const form of ['ndjson', 'csv', 'json', 'pb', 'arrow', 'csv.gz', 'ndjson.zst']) {
      const { status, err } = await typed(`ib-stream export 265598 711280073 ${range} -o same.${form}`)
      expect([status, err]).toEqual([0, expect.stringMatching(/: [\d,]+ ticks, /)])
      told.add(/: ([\d,]+) ticks/.exec(err)?.[1] ?? '')
    }
    const lines = (await readFile(join(standing.folder, 'same.ndjson'), 'utf8')).split('\n').length - 1
    expect([...told].map((count) => Number(count.replaceAll(',', '')))).toEqual([lines])
    expect(lines).toBeGreaterThan(0)
    expect(gunzipSync(await readFile(join(standing.folder, 'same.csv.gz')))).toEqual(await readFile(join(standing.folder, 'same.csv')))
    expect(await typed(`ib-stream export 265598 ${range} -o same.csv`)).toMatchObject({
      status: 2,
      err: expect.stringContaining('IBS_CLI_FILE_EXISTS'),
    })
  }, 120_000)
})

describe('services', () => {
  it('follows a log until Ctrl-C, in words', async () => {
    const run = new Terminal(shellText('ib-stream services logs -f keeper query-api'), { cwd: standing.folder, env: standing.env })
    await run.shows(/info/)
    run.type('\x03')
    expect(await run.ended).toBe(0)
  })
})

describe('in a terminal', () => {
  const terminal = (text: string, env: Record<string, string> = {}) =>
    new Terminal(shellText(text), { cwd: standing.folder, env: { ...standing.env, ...env } })

  it('shows lines for people with colours, and none with NO_COLOR', async () => {
    const coloured = terminal('ib-stream query 265598 -t last --last 1m --limit 3')
    expect(await coloured.ended).toBe(0)
    expect(coloured.coded).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z {2}␛\[33mlast \d/m)
    const plain = terminal('ib-stream query 265598 -t last --last 1m --limit 3', { NO_COLOR: '1' })
    expect(await plain.ended).toBe(0)
    expect(plain.shown).toMatch(/Z {2}last \d/)
    expect(plain.coded).not.toContain('␛[3')
  })

  it('draws a bar with rate and time left while it exports, clears it, and tells what was written', async () => {
    const run = terminal('ib-stream export 265598 --last 1m -o bar.csv')
    expect(await run.ended).toBe(0)
    expect(run.coded).toMatch(/\r␛\[K\[#*-*\] +\d+ % {2}[\d.]+ [KM]?B\/s {2}[\d,]+ ticks\/s {2}\S+ left/)
    const [, told] = /bar\.csv: ([\d,]+) ticks, /.exec(run.shown) ?? []
    const lines = (await readFile(join(standing.folder, 'bar.csv'), 'utf8')).trimEnd().split('\n')
    expect(Number(told?.replaceAll(',', ''))).toBe(lines.length - 1)
  })

  it('ends tail with 0 at Ctrl-C, without a word', async () => {
    const run = terminal('ib-stream tail 265598')
    await run.shows(/bid \d/)
    run.type('\x03')
    expect(await run.ended).toBe(0)
    expect(run.shown).not.toMatch(/Error|IBS_/)
  })

  it('ends cleanly under | head', async () => {
    const run = terminal('ib-stream query 265598 -t bid_ask,last --last 1h | head -2; echo status $?')
    expect(await run.ended).toBe(0)
    expect(run.shown).toContain('status 0')
    expect(run.shown).not.toMatch(/EPIPE|Error/)
  })

  it('fits help to the width of the terminal', async () => {
    const run = new Terminal(shellText('ib-stream query --help'), { cwd: standing.folder, env: standing.env, columns: 60 })
    expect(await run.ended).toBe(0)
    const widths = run.shown
      .split(/\r?\n/)
      .filter((line) => !/^ {2}(ib-stream|\S*#)/.test(line))
      .map((line) => stripVTControlCharacters(line).length)
    expect(Math.max(...widths)).toBeLessThanOrEqual(60)
  })
})
