import { createReadStream, existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import protobuf from 'protobufjs'
import { ROOT } from './program.ts'

/** A tick as plain data; read here without the project's own codecs, so that they are judged too. */
export type PlainTick = Record<string, unknown> & { ts: number; st?: number; cid: number; tt: string }

export const parseLines = (text: string): PlainTick[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PlainTick)

/** All files below `folder`, by path. */
export async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Ticks of every json file, in the order of the files' names and of their lines. */
export async function readJsonFiles(dataDir: string): Promise<PlainTick[]> {
  const texts = await Promise.all((await filesBelow(join(dataDir, 'json'))).map((path) => readFile(path, 'utf8')))
  return texts.flatMap(parseLines)
}

/** Ticks of every protobuf file, decoded by protobufjs from the published schema. */
export async function readProtoFiles(dataDir: string): Promise<PlainTick[]> {
  const buffers = await Promise.all((await filesBelow(join(dataDir, 'pb'))).map((path) => readFile(path)))
  return buffers.flatMap(decodeProto)
}

export function decodeProto(bytes: Uint8Array): PlainTick[] {
  const type = protobuf.loadSync(resolve(ROOT, 'proto/tick_message.proto')).lookupType('ib_stream.v3.TickMessage')
  const reader = protobuf.Reader.create(bytes)
  const ticks: PlainTick[] = []
  while (reader.pos < reader.len) ticks.push(type.toObject(type.decodeDelimited(reader), { longs: Number }) as PlainTick)
  return ticks
}

export async function readEvents(dataDir: string): Promise<Record<string, unknown>[]> {
  const texts = await Promise.all((await filesBelow(join(dataDir, 'events'))).map((path) => readFile(path, 'utf8')))
  return texts.flatMap((text) => parseLines(text))
}

/** What the simulator sent, its one client left out; a long run's file is longer than a string can be. */
export async function readTruth(path: string): Promise<PlainTick[]> {
  if (!existsSync(path)) return []
  const ticks: PlainTick[] = []
  for await (const line of createInterface(createReadStream(path))) {
    const { client: _, ...tick } = JSON.parse(line) as PlainTick
    ticks.push(tick)
  }
  return ticks
}

/** One comparable text a tick, `st` left out: the gateway does not know it. */
export function withoutStamp(tick: PlainTick): string {
  const { st: _, ...rest } = tick
  return JSON.stringify(Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** Ticks of each (contract, type), keeping their order. */
export function byStream(ticks: readonly PlainTick[]): Map<string, PlainTick[]> {
  const streams = new Map<string, PlainTick[]>()
  for (const tick of ticks) {
    const key = `${tick.cid}_${tick.tt}`
    const list = streams.get(key)
    if (list) list.push(tick)
    else streams.set(key, [tick])
  }
  return streams
}
