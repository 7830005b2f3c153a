import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { IbsError } from '@ib-stream/model'
import { Command } from 'commander'
import { up } from './up/up.ts'
import { registerBackfill } from './verbs/backfill.ts'
import { registerCompare } from './verbs/compare.ts'
import { registerCoverage } from './verbs/coverage.ts'
import { registerCredentials } from './verbs/credentials.ts'
import { registerGaps } from './verbs/gaps.ts'
import { registerImport } from './verbs/import.ts'
import { registerQuery } from './verbs/query.ts'
import { registerRepair } from './verbs/repair.ts'
import { registerRetention } from './verbs/retention.ts'
import { registerTail } from './verbs/tail.ts'
import { registerVerify } from './verbs/verify.ts'

const root = dirname(dirname(dirname(import.meta.dirname)))

const program = new Command('ib-stream')
  .description('Records every tick of your Interactive Brokers contracts and gives it back live or from history.')
  .showHelpAfterError('(--help lists what there is)')

program
  .command('up')
  .description('run everything here: NATS, ingest, writers, query-api, and the simulator while no gateway is configured')
  .action(() => up(root))

program
  .command('gateway-sim')
  .description('run the gateway simulator alone; its own --help lists the flags')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[flags...]')
  .action((_flags: string[], _options: unknown, command: Command) => runProgram('libs/gateway-sim/src/main.ts', command.args))

program
  .command('replay-capture')
  .description('play captured frames as the gateway that they came from, so that ingest records them anew')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[flags...]')
  .action((_flags: string[], _options: unknown, command: Command) => runProgram('services/ingest/src/capture/replay-main.ts', command.args))

registerQuery(program)
registerTail(program)
registerImport(program)
registerVerify(program)
registerRepair(program)
registerCompare(program)
registerGaps(program)
registerCoverage(program)
registerCredentials(program)
registerBackfill(program)
registerRetention(program)

/** Its own process: a gateway shares no code with the command line. */
function runProgram(script: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...args], { stdio: 'inherit' })
    process.on('SIGINT', () => undefined) // the terminal sends it to the program as well
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('exit', (code) => {
      process.exitCode = code ?? 1
      resolve()
    })
  })
}

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${error instanceof IbsError ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
}
