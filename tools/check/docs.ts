// Fails when settings, error codes, rooms or commands in the documents differ from the code. `--write` writes .env.example, the table of settings.md and the parts of cli.md anew.
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SETTINGS } from '../../libs/service/src/settings.ts'
import { busTable } from './bus-table.ts'
import { checkCliReference } from './cli-reference.ts'
import { ROOMS } from './rooms.ts'
import { routingMapProblems } from './routing-map.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFile(join(ROOT, path), 'utf8').catch(() => '')

/** What the containers have from the compose file itself. CLOCK_*: a virtual clock is for trials, which need no containers. */
const NOT_FOR_CONTAINERS = new Set([
  'DATA_DIR',
  'NATS_URL',
  'NATS_CREDENTIALS',
  'PORT',
  'HOST',
  'API_URL',
  'HEALTH_PORT',
  'SIM_HOST',
  'SIM_PORT',
  'IB_STREAM_OVERLAY',
  'CLOCK_START',
  'CLOCK_RATE',
])

const problems: string[] = []
await checkEnvExample()
await checkSettingsPage()
await checkCompose()
await checkErrorTable()
await checkBusTable()
await checkRoutingMap()
await checkRooms()
problems.push(...(await checkCliReference({ write: process.argv.includes('--write') })))
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

async function checkEnvExample(): Promise<void> {
  const wanted = envExample()
  if (process.argv.includes('--write')) await writeFile(join(ROOT, '.env.example'), wanted)
  else if ((await read('.env.example')) !== wanted)
    problems.push('.env.example differs from libs/service/src/settings.ts; write it anew: node tools/check/docs.ts --write')
}

/** The same as a page. */
async function checkSettingsPage(): Promise<void> {
  const path = 'docs/reference/settings.md'
  const page = await read(path)
  const rows = Object.entries(SETTINGS).map(([name, { rule, doc }]) => {
    const shown = 'defaultValue' in rule.def && String(rule.def.defaultValue) !== '' ? `\`${rule.def.defaultValue}\`` : ''
    return `| \`${name}\` | ${shown} | ${doc.replaceAll('|', '\\|')} |\n`
  })
  const wanted = page.replace(/(?<=\| setting \| default \| what it does \|\n\|---\|---\|---\|\n)(?:\|.*\n)*/, () => rows.join(''))
  if (wanted === page && page.includes(rows.join(''))) return
  if (process.argv.includes('--write')) await writeFile(join(ROOT, path), wanted)
  else problems.push(`${path} differs from libs/service/src/config.ts; write it anew: node tools/check/docs.ts --write`)
}

/** Every setting with its default, commented out: a copy as .env changes nothing until a line is opened. */
function envExample(): string {
  const blocks = Object.entries(SETTINGS).map(([name, { rule, doc }]) => {
    const shown = 'defaultValue' in rule.def ? String(rule.def.defaultValue) : ''
    return `# ${doc}\n# ${name}=${shown}\n`
  })
  return `# Settings of ib-stream. Copy to .env and open the lines that you change; an empty value counts as unset.\n\n${blocks.join('\n')}`
}

/** A setting in .env reaches every service, also in containers. */
async function checkCompose(): Promise<void> {
  const compose = await read('docker-compose.yml')
  for (const name of Object.keys(SETTINGS)) {
    const line = `    ${name}: \${${name}:-`
    if (!NOT_FOR_CONTAINERS.has(name) && !compose.includes(line))
      problems.push(`docker-compose.yml does not hand ${name} to the services: add "${line.trim()}}" to x-service.environment`)
  }
}

/** Codes in the code and codes in the table are one set, in both directions, each raised somewhere. */
async function checkErrorTable(): Promise<void> {
  const declared = new Set<string>()
  const used = new Map<string, number>()
  for await (const path of glob('{libs,services,apps}/*/src/**/*.ts', { cwd: ROOT })) {
    const text = await read(path)
    for (const [code] of text.matchAll(/'(IBS_[A-Z_]+)'/g)) used.set(code.slice(1, -1), (used.get(code.slice(1, -1)) ?? 0) + 1)
    if (path.endsWith('/errors.ts')) for (const [, code] of text.matchAll(/^\s*'(IBS_[A-Z_]+)',/gm)) declared.add(code ?? '')
  }
  const table = new Set([...(await read('docs/reference/errors.md')).matchAll(/^\| `(IBS_[A-Z_]+)` \|/gm)].map(([, code]) => code ?? ''))
  for (const code of declared) if (!table.has(code)) problems.push(`docs/reference/errors.md lacks ${code}`)
  for (const code of table) if (!declared.has(code)) problems.push(`docs/reference/errors.md has ${code}, which no errors.ts declares`)
  for (const code of used.keys()) if (!declared.has(code)) problems.push(`${code} is used but no errors.ts declares it`)
  for (const code of declared) if ((used.get(code) ?? 0) < 2) problems.push(`${code} is declared but never raised`)
}

/** Who may do what on the bus, for people to look at. */
async function checkBusTable(): Promise<void> {
  const path = 'docs/reference/nats.md'
  const page = await read(path)
  const wanted = page.replace(/(?<=\| user \| may publish \| may listen to \|\n\|---\|---\|---\|\n)(?:\|.*\n)*/, busTable())
  if (wanted === page && page.includes(busTable())) return
  if (process.argv.includes('--write')) await writeFile(join(ROOT, path), wanted)
  else
    problems.push(
      `${path}: the table of users differs from libs/bus/src/security/bus-users.ts; write it anew: node tools/check/docs.ts --write`,
    )
}

/** Which message goes where. */
async function checkRoutingMap(): Promise<void> {
  const path = 'docs/STORAGE_V3_COMPONENT_ANALYSIS.md'
  problems.push(...routingMapProblems(path, await read(path)))
}

async function checkRooms(): Promise<void> {
  const rows = new Map(
    [...(await read('docs/architecture/rooms.md')).matchAll(/^\| `([a-z-]+\/[a-z-]+)` \|[^|]*\| ([^|]*) \|$/gm)].map(([, room, may]) => [
      room ?? '',
      may?.trim(),
    ]),
  )
  for (const [room, allowed] of Object.entries(ROOMS)) {
    const wanted = allowed.join(', ') || '–'
    if (rows.get(room) !== wanted) problems.push(`docs/architecture/rooms.md: the row of ${room} should say it may import "${wanted}"`)
  }
  for (const room of rows.keys())
    if (!(room in ROOMS)) problems.push(`docs/architecture/rooms.md has ${room}, which is not in the table of rooms`)
}
