import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProgram } from '../support/program.ts'
import { measureCatchUp } from './catch-up.ts'
import { readSpoolWitness, type Witness } from './check/spool-witness.ts'
import { type Fault, WRITERS, type WriterName } from './plan.ts'
import { BACKEND_OF, type World, writerNames, writerOf } from './world.ts'

/** What a run of faults left behind for its judgement. */
export interface Record {
  kills: { writer: WriterName; atMs: number }[]
  catchUpMs: number[]
  /** Ticks that stood in the spool when ingest was killed: none of them may be missing. */
  witnesses: Witness[]
  /** Programs that ended in another way than they were made to. */
  oddEnds: string[]
}

export const emptyRecord = (): Record => ({ kills: [], catchUpMs: [], witnesses: [], oddEnds: [] })

/** Does one fault and mends it again; returns when it is over. */
export async function inject(world: World, fault: Fault, replicas: number, record: Record): Promise<void> {
  const { target, action, ms } = fault
  if (action === 'scaleUp') return await scaleUp(world, ms, replicas, record)
  if (action === 'away') return await stayAway(world, fault, replicas, record)
  if (action === 'rollBack') return await rollBack(world, fault)
  if (action === 'diskFull') return await (target === 'nats' ? fillNatsDisk(world, ms) : fillDataDisk(world, ms))
  if (action === 'misstamp') return await world.misstamp(ms, fault.amount)
  if (target.endsWith('Link')) return await disturbLink(world, fault)
  await hitProgram(world, fault, record)
}

async function hitProgram(world: World, { target, action, ms }: Fault, record: Record): Promise<void> {
  const program = programOf(world, target)
  if (!program.running) record.oddEnds.push(`${target} was not running: ${program.output.slice(-400)}`)
  if (action === 'freeze') {
    await program.freeze()
    await sleep(ms)
    program.thaw()
    return
  }
  if (action === 'kill') {
    if (world.writers.has(target as WriterName)) record.kills.push({ writer: target as WriterName, atMs: Date.now() })
    await program.kill()
    if (target === 'ingest') record.witnesses.push(...(await readSpoolWitness(world.dataDisk.folder)))
  } else await stop(target, program, record)
  await sleep(ms)
  program.start()
}

async function stop(name: string, program: TestProgram, record: Record): Promise<void> {
  const code = await program.stop()
  if (code !== 0 && !(name === 'nats' && code === 1)) record.oddEnds.push(`${name} ended with ${code} on SIGTERM`)
}

async function scaleUp(world: World, ms: number, replicas: number, record: Record): Promise<void> {
  const extra = WRITERS.map((writer): WriterName => `${writer}${replicas}`)
  for (const name of extra) world.writer(name).start()
  await sleep(ms)
  await Promise.all(extra.map((name) => stop(name, world.writer(name), record)))
}

async function stayAway(world: World, { amount, ms }: Fault, replicas: number, record: Record): Promise<void> {
  const writer = WRITERS[amount] ?? 'json'
  const programs = writerNames(replicas)
    .filter((name) => writerOf(name) === writer)
    .map((name) => world.writer(name))
  await Promise.all(programs.map((program) => program.kill()))
  await sleep(ms)
  for (const program of programs) program.start()
  record.catchUpMs.push(await measureCatchUp(world, BACKEND_OF[writer]))
}

async function disturbLink(world: World, { target, action, ms, amount }: Fault): Promise<void> {
  const link = world.link(target)
  if (action === 'slow') link.delayMs = amount
  else link.mode = action === 'cut' ? 'cut' : 'blackHole'
  await sleep(ms)
  link.delayMs = 0
  link.mode = 'open'
}

/** The server stands still while its store is copied, so the copy is what a kill at that moment leaves. */
async function rollBack(world: World, { ms, amount }: Fault): Promise<void> {
  const { nats, natsDisk, folder } = world
  const copy = join(folder, 'nats-before')
  await rm(copy, { recursive: true, force: true })
  await nats.freeze()
  try {
    await cp(natsDisk.folder, copy, { recursive: true })
  } finally {
    nats.thaw()
  }
  await sleep(amount)
  await nats.kill()
  for (const name of await readdir(natsDisk.folder)) await rm(join(natsDisk.folder, name), { recursive: true, force: true })
  await cp(copy, natsDisk.folder, { recursive: true })
  await sleep(ms)
  world.noteRollBack()
  nats.start()
}

/** A server whose disk was full may not find back by itself (seen on 2.9 and 2.15), so whoever makes room starts it again. */
async function fillNatsDisk({ nats, natsDisk }: World, ms: number): Promise<void> {
  natsDisk.fill()
  await sleep(ms)
  await nats.kill()
  natsDisk.makeRoom()
  nats.start()
}

async function fillDataDisk({ dataDisk }: World, ms: number): Promise<void> {
  dataDisk.fill()
  await sleep(ms)
  dataDisk.makeRoom()
}

function programOf(world: World, target: string): TestProgram {
  if (target === 'nats') return world.nats
  if (target === 'ingest') return world.ingest
  if (target === 'queryApi') return world.queryApi
  if (target === 'keeper') return world.keeper
  return world.writer(target as WriterName)
}
