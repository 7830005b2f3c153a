// `arrows.ts [folder]`: fails when a room imports another one against the table of rooms, reaches into one past its index, or uses a package that it does not declare.
import { glob, readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { ROOMS } from './rooms.ts'

const ROOT = resolve(process.argv[2] ?? join(import.meta.dirname, '../..'))
const IMPORT = /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

const problems: string[] = []
const entries = new Set<string>()
for await (const path of glob('{libs,services,apps}/*/package.json', { cwd: ROOT })) {
  const { name, exports = {} } = await manifestOf(dirname(path))
  for (const entry of Object.keys(exports)) entries.add(`${name}${entry.slice(1)}`)
}
for await (const path of glob('{libs,services,apps}/*/package.json', { cwd: ROOT })) {
  const allowed = ROOMS[dirname(path)]
  if (allowed) await checkRoom(dirname(path), allowed)
  else problems.push(`${dirname(path)} is not in the table of rooms (tools/check/rooms.ts)`)
}
for (const problem of problems) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

interface Manifest {
  name?: string
  exports?: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

async function manifestOf(room: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(ROOT, room, 'package.json'), 'utf8')) as Manifest
}

async function checkRoom(room: string, allowed: readonly string[]): Promise<void> {
  const { dependencies: own = {}, peerDependencies = {} } = await manifestOf(room)
  const dependencies = { ...own, ...peerDependencies }
  for (const name of Object.keys(dependencies)) {
    if (name.startsWith('@ib-stream/') && !allowed.includes(name.slice('@ib-stream/'.length)))
      problems.push(`${room}/package.json: may not depend on ${name}`)
  }
  for await (const path of glob(`${room}/src/**/*.ts`, { cwd: ROOT })) {
    const text = await readFile(join(ROOT, path), 'utf8')
    for (const [, plain, dynamic] of text.matchAll(IMPORT)) {
      const problem = judge(room, path, plain ?? dynamic ?? '', dependencies)
      if (problem) problems.push(`${path}: ${problem}`)
    }
  }
}

function judge(room: string, path: string, target: string, dependencies: Record<string, string>): string | undefined {
  if (target.startsWith('.')) {
    const fromSrc = relative(join(ROOT, room, 'src'), resolve(ROOT, dirname(path), target))
    const inside = !fromSrc.startsWith('..') || fromSrc === '../package.json'
    return inside ? undefined : `"${target}" leaves the room; import the other room by its name`
  }
  if (target.startsWith('node:'))
    return builtinModules.includes(target.slice('node:'.length)) ? undefined : `"${target}" is no module of Node`
  const name = target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')
  if (name.startsWith('@ib-stream/') && target !== name && !entries.has(target)) return `"${target}" reaches past the index`
  return name in dependencies ? undefined : `"${name}" is not among the room's dependencies`
}
