// A part of the bench: reads the json files as they grow and measures for each tick how long after its `st` its bytes stood there. It keeps them open and asks for
// their length alone, so that it takes next to nothing from those who are measured.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { orderOf, sharedClockUs, tell } from './part.ts'

const { folder, ticks, epochUs } = orderOf<{ folder: string; ticks: number; epochUs: number }>()
/** Writers make bytes visible each half a second. */
const LOOK_EVERY_MS = 20
const LOOK_FOR_FILES_EVERY = 25
const below = join(folder, 'json')
const latenciesUs: number[] = []
const files = new Map<string, { fd: number; readTo: number }>()

tell({ ready: true })
for (let look = 0; latenciesUs.length < ticks; look++) {
  if (look % LOOK_FOR_FILES_EVERY === 0) findFiles()
  for (const file of files.values()) readOn(file)
  await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
}
for (const { fd } of files.values()) closeSync(fd)
latenciesUs.sort((a, b) => a - b)
const at = (share: number) => latenciesUs[Math.min(latenciesUs.length - 1, Math.floor(latenciesUs.length * share))]
tell({ p50Us: at(0.5), p99Us: at(0.99), p999Us: at(0.999) })
process.exit(0)

function findFiles(): void {
  for (const name of namesBelow())
    if (name.endsWith('.jsonl') && !files.has(name)) files.set(name, { fd: openSync(join(below, name), 'r'), readTo: 0 })
}

function namesBelow(): string[] {
  try {
    return readdirSync(below, { recursive: true, encoding: 'utf8' })
  } catch {
    return [] // not there yet
  }
}

function readOn(file: { fd: number; readTo: number }): void {
  const { size } = fstatSync(file.fd)
  if (size === file.readTo) return
  const nowUs = epochUs + sharedClockUs()
  const bytes = Buffer.alloc(size - file.readTo)
  const whole = bytes.subarray(0, readSync(file.fd, bytes, 0, bytes.length, file.readTo)).lastIndexOf(10) + 1
  file.readTo += whole
  for (const [, st] of bytes.toString('latin1', 0, whole).matchAll(/"st":(\d+)/g)) latenciesUs.push(nowUs - Number(st))
}
