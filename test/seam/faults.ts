import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../chaos/random.ts'
import type { TestProgram } from '../support/program.ts'
import type { Truth } from './truth.ts'
import { LOG_KEEP_MS, type SeamWorld } from './world.ts'

const FROZEN_MS = [800, 2_500] as const
const SCALED_MS = [1_500, 4_000] as const
/** Checkpoints are durable every two seconds, and the keeper looks twice a second. */
const TRIMMED_WITHIN_MS = 4_000
const BURST_TICKS = 2_500
const LATE_TICKS = 60

/** What can happen; each leaves the world whole again. */
export const FAULTS: Record<string, (world: SeamWorld, truth: Truth, random: Random) => Promise<void> | void> = {
  'a writer lags': (world, _truth, random) => freeze(writerOf(world, random), random),
  'all writers lag': async ({ writers }, _truth, random) => void (await Promise.all(writers.map((writer) => freeze(writer, random)))),
  'a writer is killed': (world, _truth, random) => world.restart(writerOf(world, random)),
  'a writer is stopped': async (world, _truth, random) => {
    const writer = writerOf(world, random)
    await writer.stop()
    writer.start()
  },
  'partitions are shared with a second writer, which leaves again': async (world, _truth, random) => {
    await using second = world.stack.replica(writerOf(world, random).name).start()
    await sleep(random.between(...SCALED_MS))
    if (random.next() < 0.5) await second.kill()
  },
  'query-api is killed': (world) => world.restart(world.stack.queryApi),
  'query-api is stopped': async ({ stack }) => {
    await stack.queryApi.stop()
    stack.queryApi.start()
  },
  'query-api stays away for longer than the log keeps what its clients miss': async ({ stack }) => {
    await stack.queryApi.kill()
    await sleep(LOG_KEEP_MS + TRIMMED_WITHIN_MS)
    stack.queryApi.start()
  },
  'the keeper is killed': (world) => world.restart(world.stack.keeper),
  'NATS is killed': (world) => world.restart(world.stack.nats),
  'NATS is stopped, and stays away': async ({ stack }, _truth, random) => {
    await stack.nats.stop()
    await sleep(random.between(100, 1_000))
    stack.nats.start()
  },
  'late ticks open closed hours': (world, truth) => world.publish(truth.next(LATE_TICKS, 'all')),
  'a burst': (world, truth) => world.publish(truth.next(BURST_TICKS)),
}

const writerOf = ({ writers }: SeamWorld, random: Random): TestProgram => random.pick(writers)

async function freeze(program: TestProgram, random: Random): Promise<void> {
  await program.freeze()
  await sleep(random.between(...FROZEN_MS))
  program.thaw()
}
