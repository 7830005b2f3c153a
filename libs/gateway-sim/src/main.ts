import { once } from 'node:events'
import { type Command, parseCommandLine, USAGE } from './command-line.ts'
import { startControl } from './control.ts'
import { GatewaySimError, messageOf } from './errors.ts'
import { startGatewaySim } from './gateway-sim.ts'
import { jsonLinesLog } from './log.ts'

const log = jsonLinesLog((line) => process.stdout.write(line))

try {
  process.exitCode = await main()
} catch (error) {
  const invalid = error instanceof GatewaySimError
  log('error', invalid ? error.message : 'cannot start', invalid ? { ...error.facts, code: error.code } : { error: messageOf(error) })
  process.exitCode = invalid ? 2 : 1
}

/** @returns the exit code: 0, or 1 when the tape failed */
async function main(): Promise<number> {
  const command = parseCommandLine(process.argv.slice(2), process.env)
  if (command.help) {
    process.stdout.write(USAGE)
    return 0
  }
  return command.order === undefined ? await run(command) : await order(command.order)
}

async function run(command: Command): Promise<number> {
  const stopSignal = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await using sim = await startGatewaySim({ ...command.options, log })
  await using control = command.control && (await startControl({ ...command.control, sim }))
  await Promise.race(command.exitAtEnd ? [stopSignal, sim.tapeDone] : [stopSignal])
  control?.closeAllConnections()
  log('info', 'stopping', { ...sim.stats() })
  await sim.close()
  const { tape, ticks } = sim.stats() // only now is nothing sent any more
  log('info', 'stopped', { tape, ticks })
  return tape === 'failed' && command.exitAtEnd ? 1 : 0
}

/** Asks a simulator that runs for a fault and prints its answer. @returns the exit code: 0, or 1 when it was refused */
async function order({ url, fault }: NonNullable<Command['order']>): Promise<number> {
  const address = new URL('/faults', url)
  const response = await fetch(address, { method: 'POST', body: JSON.stringify(fault) }).catch((cause: unknown) => {
    throw new GatewaySimError(
      'IBS_SIM_OPTION_INVALID',
      `nothing answers at ${address}; start the simulator with --control, or give --url`,
      {},
      cause,
    )
  })
  process.stdout.write(await response.text())
  return response.ok ? 0 : 1
}
