import { loadConfig, SETTINGS, shownSetting } from '@ib-stream/service'
import type { Call } from '../command/define-command.ts'
import type * as commands from '../commands/config.ts'
import { dotEnv } from '../dot-env.ts'
import { type Column, tableOf } from '../output/table.ts'

interface Setting {
  name: string
  /** As text; empty where there is none. */
  value: string
  from: 'environment' | '.env' | 'default'
  doc: string
}

type Env = Readonly<Record<string, string | undefined>>

const NAMES = Object.keys(SETTINGS)

function settingsOf(env: Env, file: Env): Setting[] {
  return Object.entries(SETTINGS).map(([name, { rule, doc }]) => {
    const [given, written] = [env[name], file[name]]
    const usual = 'defaultValue' in rule.def ? String(rule.def.defaultValue) : ''
    const [value, from] = given ? ([given, 'environment'] as const) : written ? ([written, '.env'] as const) : ([usual, 'default'] as const)
    return { name, value: shownSetting(name, value), from, doc }
  })
}

const COLUMNS: readonly Column<Setting>[] = [
  { head: 'setting', cell: ({ name }) => name, style: ({ from }) => (from === 'default' ? 'dim' : 'cyan') },
  { head: 'value', cell: ({ value }) => value },
  { head: 'from', cell: ({ from }) => from, style: ({ from }) => (from === 'default' ? 'dim' : undefined) },
]

export async function show({ flags, out, env }: Call<typeof commands.show>): Promise<void> {
  const settings = settingsOf(env, await dotEnv()).filter(({ from }) => !flags.set || from !== 'default')
  if (flags.json) for (const setting of settings) out.json(setting)
  else await out.write(tableOf(out, flags.doc ? [...COLUMNS, { head: 'means', cell: ({ doc }) => doc }] : COLUMNS, settings))
}

/** Settings of ours begin so: another name that does is misspelt, or of another version. */
const PREFIX = /^(IB_(?:STREAM_|HOST|PORT|CLIENT)|API_|KEEPER_|CHECKPOINT_|CLOCK_|SIM_|ALERT_|ARCHIVE_)/
/** Known to the set-up and the tests alone. */
const OTHERS = new Set([
  'IB_STREAM_BESIDE_SECONDS',
  'IB_STREAM_CHROMIUM',
  'IB_STREAM_EVERY_STEP',
  'IB_STREAM_FAIL_POINT',
  'IB_STREAM_REAL_DAY',
  'IB_STREAM_NATS_SERVER',
  'IB_STREAM_NATS_NEWEST',
  'IB_STREAM_SECOND_RUN',
  'IB_STREAM_API_KEY',
  'IB_STREAM_SEAM_CLIENTS',
  'IB_STREAM_INFLUXD',
  'IB_STREAM_POSTGRES',
  'IB_STREAM_PYTHON',
  'IB_STREAM_SWIFT',
])

/** @returns the exit status: 1 where something is wrong */
export async function check({ flags, out, env }: Call<typeof commands.check>): Promise<number> {
  const file = await dotEnv()
  const all = { ...file, ...env }
  const problems = [...wrongValues(all), ...unknownNames(all, file)]
  for (const problem of problems) {
    if (flags.json) out.json({ problem })
    else out.line(`${out.paint('red', 'wrong')}  ${problem}`)
  }
  if (!flags.json && problems.length === 0)
    out.line(
      `${out.paint('green', 'ok')}  ${NAMES.length} settings, ${settingsOf(env, file).filter(({ from }) => from !== 'default').length} of them set`,
    )
  return problems.length > 0 ? 1 : 0
}

function wrongValues(env: Env): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    const { facts } = error as { facts?: { problems?: string[] } }
    if (facts?.problems === undefined) throw error
    return facts.problems
  }
}

const unknownNames = (env: Env, file: Env): string[] =>
  Object.keys(env)
    .filter((name) => (PREFIX.test(name) || name in file) && !NAMES.includes(name) && !OTHERS.has(name))
    .map((name) => {
      const near = NAMES.find((known) => distance(known, name) <= 3)
      return `${name} is no setting${near === undefined ? '; .env.example lists them' : `; is ${near} meant?`}`
    })

/** Levenshtein: letters to change, put in or take out (Wagner and Fischer, 1974). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
