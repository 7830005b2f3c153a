import type { Config } from '@ib-stream/service'
import { natsOf } from '../bus.ts'
import { readRunning } from '../up/running.ts'
import { checkGateway } from './check-gateway.ts'
import { checkDataDir, checkDiskSpeed, checkLines, checkPorts, checkSpace, checkTimeZones } from './check-machine.ts'
import { checkNats } from './check-nats.ts'
import { checkRecording } from './check-recording.ts'
import type { Finding } from './finding.ts'

export interface Examination {
  config: Config
  /** `before start`: nothing is asked of IB that ingest will ask. */
  when: 'before start' | 'at any time'
  /** Of each answer of the gateway. */
  withinMs: number
}

/** Everything that is needed for recording, one after the other, as it is found. */
export async function* examine({ config, when, withinMs }: Examination): AsyncGenerator<Finding> {
  const running = await readRunning(config.dataDir)
  const [isSimulated, isRecording] = [config.source === 'simulator', running !== undefined]
  if (when === 'at any time') yield await checkPorts(config, running)
  const simulator = running?.programs.find(({ name }) => name === 'gateway-sim')?.where
  if (isSimulated && simulator === undefined)
    yield { about: 'gateway', state: 'skipped', found: 'IB_HOST is not set: the simulator is the gateway' }
  else
    yield* await checkGateway({
      config: simulator === undefined ? config : at(config, simulator),
      depth: isRecording || when === 'before start' ? 'looks only' : 'asks for ticks',
      withinMs,
    })
  if (running) yield* await checkRecording(running.apiUrl, { apiKey: process.env.IB_STREAM_API_KEY, signal: AbortSignal.timeout(withinMs) })
  yield checkLines(config)
  yield await checkDataDir(config)
  yield await checkSpace(config)
  yield await checkDiskSpeed(config)
  if (when === 'at any time')
    yield await checkNats(await natsOf(undefined, config.dataDir), { isOurs: !process.env.NATS_URL && !isRecording })
  yield checkTimeZones()
}

/** The simulator may have another port than the configured one. */
function at(config: Config, where: string): Config {
  const { hostname, port } = new URL(`tcp://${where}`)
  return { ...config, gateway: { ...config.gateway, host: hostname, ports: [Number(port)] } }
}
