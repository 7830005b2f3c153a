import { once } from 'node:events'
import { parseCommandLine, USAGE } from './command-line.ts'
import { GatewaySimError, messageOf } from './errors.ts'
import { startGatewaySim } from './gateway-sim.ts'
import { startHealth } from './health.ts'
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
  const stopSignal = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  await using sim = await startGatewaySim({ ...command.options, log })
  await using health = command.health && (await startHealth({ ...command.health, stats: () => sim.stats() }))
  await Promise.race(command.exitAtEnd ? [stopSignal, sim.tapeDone] : [stopSignal])
  health?.closeAllConnections()
  const stats = sim.stats()
  log('info', 'stopping', { ...stats })
  return stats.tape === 'failed' && command.exitAtEnd ? 1 : 0
}
