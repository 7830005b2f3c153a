// A part of the bench: reads the json files as they grow and measures for each tick how long after its `st` its bytes stood there.
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { orderOf, sharedClockUs, tell } from './part.ts'

const { folder, ticks, epochUs } = orderOf<{ folder: string; ticks: number; epochUs: number }>()
const LOOK_EVERY_MS = 5
const latenciesUs: number[] = []
const readTo = new Map<string, number>()

tell({ ready: true })
while (latenciesUs.length < ticks) {
  await look()
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
}
latenciesUs.sort((a, b) => a - b)
const at = (share: number) => latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * share))]
tell({ p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) })
process.exit(0)

async function look(): Promise<void> {
  const below = join(folder, 'json')
  const names = await readdir(below, { recursive: true }).catch(() => [])
  for (const name of names.filter((one) => one.endsWith('.jsonl'))) {
    await using file = await open(join(below, name))
    const from = readTo.get(name) ?? 0
    const { size } = await file.stat()
    if (size === from) continue
    const nowUs = epochUs + sharedClockUs()
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from })
    const whole = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1
    readTo.set(name, from + whole)
    for (const [, st] of buffer.toString('latin1', 0, whole).matchAll(/"st":(\d+)/g)) latenciesUs.push(nowUs - Number(st))
  }
}
