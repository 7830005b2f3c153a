/** An hour (or `--minutes`) of the whole stack at about a thousand ticks a second, with scaling and kills; then every tick is held to what the simulator sent. Run by `npm run soak`. */
import { parseArgs } from 'node:util'
import { docker } from './docker.ts'
import { Recording } from './recording.ts'
import { Usage } from './usage.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, rate: { type: 'string', default: '8' }, seed: { type: 'string', default: '1' } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0 && minutes <= 10_000)) throw new Error(`--minutes ${values.minutes}: a number above 0`)
const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

const REST_MS = 20_000
const SAMPLE_EVERY_MS = 5_000
const SLOW_MS = 600_000

/** The same faults come in the same order for a seed. */
function* randomNumbers(seed: number): Generator<number> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

async function main(): Promise<number> {
  await using recording = await Recording.start({ SIM_RATE: String(values.rate) })
  const { stack } = recording
  stack.healthyWithinMs = SLOW_MS // a soak finds loss, not slowness
  await stack.compose('up', '--detach', '--no-build')
  await stack.healthy()
  await recording.ticksFlow()
  const scale = async (count: number) => {
    const replicas = ['writer-json', 'writer-proto', 'writer-parquet'].flatMap((writer) => ['--scale', `${writer}=${count}`])
    await stack.compose('up', '--detach', '--no-build', '--no-recreate', ...replicas)
  }
  const killed = async (service: string) => {
    const [container] = await stack.containers(service)
    const { Pid } = (JSON.parse(await docker('inspect', String(container?.ID))) as [{ State: { Pid: number } }])[0].State
    process.kill(Pid, 'SIGKILL') // as the kernel does it when memory is short; the engine starts it again
  }
  const faults: readonly [string, () => Promise<unknown>][] = [
    ['three of each writer', () => scale(3)],
    ['one of each writer', () => scale(1)],
    ...['writer-json', 'writer-proto', 'writer-parquet', 'query-api', 'keeper', 'nats', 'ingest'].map(
      (service) => [`kill ${service}`, () => killed(service)] as [string, () => Promise<unknown>],
    ),
    ['restart nats', () => stack.compose('restart', 'nats')],
    ['pause writer-json for 10 s', () => pausedFor('writer-json', 10_000)],
    ['pause writer-parquet for 10 s', () => pausedFor('writer-parquet', 10_000)],
  ]
  const pausedFor = async (service: string, ms: number) => {
    await stack.compose('pause', service)
    await new Promise((resolve) => setTimeout(resolve, ms))
    await stack.compose('unpause', service)
  }
  await using usage = new Usage(stack, SAMPLE_EVERY_MS)
  const random = randomNumbers(Number(values.seed))
  const begunMs = performance.now()
  const startTicks = recording.live.length
  let count = 0
  while (performance.now() - begunMs < minutes * 60_000) {
    const [what, run] = faults[Math.floor(random.next().value * faults.length)] ?? ['nothing', async () => undefined]
    say(`${what} (${recording.live.length} ticks so far)`)
    await run()
    count += 1
    await stack.healthy()
    await recording.ticksFlow(SLOW_MS)
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
  }
  const seconds = (performance.now() - begunMs) / 1_000
  const perSecond = (recording.live.length - startTicks) / seconds
  await scale(1)
  await stack.compose('stop', 'gateway-sim')
  say('settling')
  const verdict = await recording.judge(await recording.settled())
  const { counts, findings, ...sums } = verdict
  process.stdout.write(
    `${Math.round(seconds / 60)} min, ${count} faults, ${Math.round(perSecond)} ticks/s: ${JSON.stringify({ ...sums, ...counts })}\n`,
  )
  for (const finding of findings) process.stdout.write(`  ${finding}\n`)
  process.stdout.write(usage.table())
  return findings.length > 0 ? 1 : 0
}

process.exitCode = await main()
