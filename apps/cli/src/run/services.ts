import { setTimeout as wait } from 'node:timers/promises'
import type { Call } from '../command/define-command.ts'
import type * as commands from '../commands/services.ts'
import { dataDirOf } from '../data-dir.ts'
import { CliError } from '../errors.ts'
import { type Column, tableOf } from '../output/table.ts'
import { durationText } from '../output/units-text.ts'
import { isProcess, type Running, type RunningProgram, readRunning } from '../up/running.ts'
import { printLogs } from './print-logs.ts'

/** @throws CliError `IBS_CLI_NOT_RUNNING` */
async function runningOn(option: string | undefined): Promise<Running> {
  const dataDir = dataDirOf(option)
  const running = await readRunning(dataDir)
  if (running) return running
  const remedy = 'start it with "npm start"; under Docker ask "docker compose ps", under systemd "systemctl status"'
  throw new CliError('IBS_CLI_NOT_RUNNING', `no "up" runs on ${dataDir}; ${remedy}`, { dataDir })
}

/** @throws CliError `IBS_CLI_OPTION_INVALID` */
function named({ programs }: Running, names: readonly string[]): RunningProgram[] {
  return names.map((name) => {
    const found = programs.find((program) => program.name === name)
    if (found) return found
    throw new CliError('IBS_CLI_OPTION_INVALID', `service ${name}: one of ${programs.map((program) => program.name).join(', ')}`)
  })
}

const HEALTH_WITHIN_MS = 2_000

interface Seen extends RunningProgram {
  state: string
}

async function look(program: RunningProgram): Promise<Seen> {
  if (program.pid === undefined || !(await isProcess(program.pid, ''))) return { ...program, state: 'waits to be started' }
  if (program.healthUrl === undefined) return { ...program, state: 'running' }
  try {
    const response = await fetch(program.healthUrl, { signal: AbortSignal.timeout(HEALTH_WITHIN_MS) })
    const { ready, state } = (await response.json()) as { ready?: boolean; state: string } // the simulator has only a state
    return { ...program, state: ready === false ? `not ready (${state})` : state }
  } catch {
    return { ...program, state: 'does not answer' } // starting, or it hangs
  }
}

const isWell = ({ state }: Seen): boolean => state === 'ok' || state === 'running'

const COLUMNS: readonly Column<Seen>[] = [
  { head: 'service', cell: ({ name }) => name },
  { head: 'is', cell: ({ state }) => state, style: (seen) => (isWell(seen) ? 'green' : 'red') },
  { head: 'process', cell: ({ pid }) => String(pid ?? '–'), align: 'right' },
  {
    head: 'for',
    cell: ({ since }) => (since === undefined ? '–' : durationText((Date.now() - Date.parse(since)) * 1_000)),
    align: 'right',
  },
  { head: 'restarts', cell: ({ restarts }) => String(restarts), align: 'right' },
  { head: 'at', cell: ({ where }) => where },
]

/** @returns the exit status: 1 where one does not work */
export async function status({ flags, out }: Call<typeof commands.status>): Promise<number> {
  const { programs } = await runningOn(flags.dataDir)
  const seen = await Promise.all(programs.map(look))
  if (flags.json) for (const one of seen) out.json(one)
  else await out.write(tableOf(out, COLUMNS, seen))
  return seen.every(isWell) ? 0 : 1
}

const BACK_WITHIN_MS = 60_000
const LOOK_EVERY_MS = 250

/** @returns the exit status: 1 where one does not come back */
export async function restart({ args, flags, out, signal }: Call<typeof commands.restart>): Promise<number> {
  const wanted = named(await runningOn(flags.dataDir), args.names)
  let failed = 0
  for (const { name, pid } of wanted) {
    if (pid !== undefined) process.kill(pid, 'SIGTERM')
    const back = await comesBack({ name, pid, dataDir: flags.dataDir, signal })
    failed += back ? 0 : 1
    out.line(
      `${name}  ${back ? `${out.paint('green', 'works again')} (process ${back.pid})` : out.paint('red', `does not work within ${BACK_WITHIN_MS / 1_000} s; "ib-stream services logs ${name}" tells why`)}`,
    )
  }
  return failed > 0 ? 1 : 0
}

async function comesBack({
  name,
  pid,
  dataDir,
  signal,
}: {
  name: string
  pid: number | undefined
  dataDir: string | undefined
  signal: AbortSignal
}): Promise<Seen | undefined> {
  for (const endMs = performance.now() + BACK_WITHIN_MS; performance.now() < endMs; ) {
    await wait(LOOK_EVERY_MS, undefined, { signal })
    const [program] = named(await runningOn(dataDir), [name])
    if (program === undefined || program.pid === pid || program.pid === undefined) continue
    const seen = await look(program)
    if (isWell(seen)) return seen
  }
  return undefined
}

export async function logs({ args, flags, out, signal }: Call<typeof commands.logs>): Promise<void> {
  const running = await runningOn(flags.dataDir)
  const programs = args.names.length === 0 ? running.programs : named(running, args.names)
  await printLogs({ programs, lines: flags.lines, after: flags.follow ? 'follow' : 'end', json: flags.json, out, signal })
}
