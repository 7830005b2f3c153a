// The door behind `npm start`, `npm test`, `npm run check`, `npm run bench`, `npm run chaos` and `./ib-stream`: sets up what is missing, then goes on in the project's own Node.
// Plain JavaScript without dependencies: it runs on any Node from 20 on, before anything is installed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as util from 'node:util'
import { findChromium } from './chromium.mjs'
import { openEngine } from './docker/engine.mjs'
import { ensureImages } from './docker/images.mjs'
import { findFieldPeers } from './field-peers.mjs'
import { findNatsServer, findNewestNatsServer } from './nats-server.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const NODE = join(ROOT, 'node_modules/node/bin/node')
const STAMP = join(ROOT, 'node_modules/.ib-stream-installed')
/** Tests that need a browser. */
const BROWSER_TESTS = 'apps/web/test/browser'
/** The rooms' path whose tests are run a second time on the newest nats-server. */
const BUS_TESTS = 'libs/bus'
/** What `chaos` can run besides its own. */
const CHAOS = { day: 'test/scenarios/day.ts', seam: 'test/seam/main.ts' }
const say = (line) => process.stderr.write(`${line}\n`)

const VERBS = {
  start: async (args) => cli(['up', ...args]),
  cli,
  test,
  'test:compose': testCompose,
  soak,
  check,
  bench,
  chaos,
  hostile,
  screenshots,
}

const [verb = '', ...args] = process.argv.slice(2)
try {
  const [major = 0] = process.versions.node.split('.').map(Number)
  if (major < 20) throw new Error(`Node ${process.versions.node} is too old to set up; install Node 20 or newer (https://nodejs.org)`)
  if (!Object.hasOwn(VERBS, verb)) throw new Error(`"${verb}" is none of ${Object.keys(VERBS).join(', ')}`)
  await ensureInstalled()
  process.env.IB_STREAM_OVERLAY ||= 'allow' // what these doors start shares one container, so locks in its own layer hold
  process.exitCode = await VERBS[verb](args)
} catch (error) {
  say(`ib-stream: ${error.message}`)
  process.exitCode = 1
}

/** Installs the locked packages when they are missing or were installed from another lockfile. */
async function ensureInstalled() {
  const lock = createHash('sha256')
    .update(await readFile(join(ROOT, 'package-lock.json')))
    .digest('hex')
  const installed = await readFile(STAMP, 'utf8').catch(() => '')
  const nodeThere = await access(NODE).then(
    () => true,
    () => false,
  )
  if (installed === lock && nodeThere) return await utimes(STAMP, new Date(), new Date()) // newer than the lockfile: `./ib-stream` goes the short way
  say('installing the locked packages (npm ci) …')
  const npm = process.env.npm_execpath
  const [command, before] = npm ? [process.execPath, [npm]] : ['npm', []]
  const code = await runChild(command, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel', 'error'], { stdout: 2 })
  if (code !== 0) throw new Error(`npm ci ended with ${code}; it needs the npm registry, or its proxy in ~/.npmrc`)
  await writeFile(STAMP, lock)
}

async function cli(args) {
  const env = args[0] === 'up' ? await natsFor(await settings()) : {}
  return await runChild(NODE, [join(ROOT, 'apps/cli/src/main.ts'), ...args], { env, cwd: process.cwd() })
}

/** None is looked for, let alone fetched, where NATS_URL names one that runs already. */
async function natsFor(env) {
  return env.NATS_URL ? {} : { IB_STREAM_NATS_SERVER: await findNatsServer({ env, say }) }
}

/** The environment over .env, as `up` reads them. `parseEnv` came with Node 20.12; before, only the environment counts here. */
async function settings() {
  const text = await readFile(join(ROOT, '.env'), 'utf8').catch(() => '')
  return { ...(util.parseEnv?.(text) ?? {}), ...process.env }
}

async function test(args) {
  const env = { IB_STREAM_NATS_SERVER: await findNatsServer({ say }), NODE_NO_WARNINGS: '1' }
  const passes = [await withBrowser(args, env)]
  const newest = args.every((arg) => arg.startsWith(BUS_TESTS)) ? await newestServer() : undefined // flags and other rooms: only what was asked for
  if (newest) passes.push({ args: args.length === 0 ? [BUS_TESTS] : args, env: { ...env, IB_STREAM_NATS_SERVER: newest } })
  let [passed, failed, worst] = [0, 0, 0]
  for (const pass of passes) {
    const counts = await runJest(pass)
    passed += counts.passed
    failed += counts.failed
    worst ||= counts.code
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  return worst
}

/** `soak [--minutes N] [--rate R] [--seed S]`: the stack as containers at about a thousand ticks a second, with scaling and kills, judged by what the simulator sent. */
async function soak(args) {
  const engine = await openEngine({ say })
  try {
    const script = join(ROOT, 'test/compose/soak.ts')
    return await runChild(NODE, ['--max-old-space-size=12000', script, ...args], { env: await containerEnv(engine) })
  } finally {
    await engine.close()
  }
}

/** What programs that use the engine need in their environment, with the images made present. */
async function containerEnv(engine) {
  const programs = { node: NODE, natsServer: await findNatsServer({ say }) }
  const standIns = await ensureImages(['node:24-slim', 'nats:2.10-alpine', 'prom/prometheus:v3.5.0'], { env: engine.env, programs, say })
  // A stand-in's npm finds the registry only by the host's network, which BuildKit gives to nobody unasked.
  return { ...engine.env, ...(standIns.length > 0 ? { DOCKER_BUILDKIT: '0' } : {}), NODE_NO_WARNINGS: '1' }
}

/** Where no Chromium can be had, what needs one is left out, which is said loudly; none is looked for where other rooms alone are asked for. */
async function withBrowser(args, env) {
  if (args.length > 0 && !args.some((arg) => arg.includes('apps/web') || BROWSER_TESTS.includes(arg))) return { args, env }
  try {
    return { args, env: { ...env, IB_STREAM_CHROMIUM: await findChromium({ say }) } }
  } catch (error) {
    say(`NOT TESTED in a browser: ${error.message.split('\n')[0]}`)
    return { args: ['--testPathIgnorePatterns', '/node_modules/', 'test/compose/', BROWSER_TESTS, '--passWithNoTests', '--', ...args], env }
  }
}

/** The stack as containers, on a real engine. Where none can be had that is said loudly, and nothing failed. */
async function testCompose(args) {
  const begun = Date.now()
  let engine
  try {
    engine = await openEngine({ say })
  } catch (error) {
    say(`NOT TESTED with containers: ${error.message}`)
    process.stdout.write('0 passed, 0 failed\n')
    return 0
  }
  try {
    const env = await containerEnv(engine)
    const { passed, failed, code } = await runJest({ config: join(ROOT, 'jest.compose.config.mjs'), args, env })
    say(`tests with containers: ${Math.round((Date.now() - begun) / 1000)} s`)
    process.stdout.write(`${passed} passed, ${failed} failed\n`)
    return code
  } finally {
    await engine.close()
  }
}

/** The bus is tested a second time on the newest server that Debian has, where IB_STREAM_NATS_NEWEST asks for it: a path, or `fetch`. */
async function newestServer() {
  const wanted = process.env.IB_STREAM_NATS_NEWEST
  if (!wanted) return undefined
  if (wanted !== 'fetch') return wanted
  try {
    return await findNewestNatsServer({ say })
  } catch (error) {
    say(`NOT TESTED on the newest nats-server: ${error.message}`)
    return undefined
  }
}

/** Runs jest; where IB_STREAM_SECOND_RUN is set, up to three files that failed get a second run, by themselves and said loudly: one that then passes has a race to be looked for. */
async function runJest({ config = join(ROOT, 'jest.config.mjs'), args, env }) {
  const first = await jestReport(['--config', config, ...args], env)
  const failed = first.suites.filter((suite) => suite.failed > 0)
  sayFailures('FAILED TEST', failed)
  if (!process.env.IB_STREAM_SECOND_RUN || failed.length === 0 || failed.length > 3) return countsOf(first.suites, first.code)
  const paths = failed.map((suite) => suite.path)
  say(`FAILED, run once more by themselves: ${paths.join(', ')}`)
  // --forceExit: what a test that failed leaves open must not keep CI waiting
  const second = await jestReport(['--config', config, '--runInBand', '--forceExit', '--runTestsByPath', ...paths], env)
  sayFailures('FAILED TEST AGAIN', second.suites)
  for (const { path } of second.suites.filter((suite) => suite.failed === 0)) say(`PASSED ONLY ON THE SECOND RUN: ${path}`)
  return countsOf([...first.suites.filter((suite) => suite.failed === 0), ...second.suites], second.code)
}

/** One run: what each test file counts, one that did not even load as one failure. */
async function jestReport(args, env) {
  const folder = await mkdtemp(join(tmpdir(), 'ib-stream-test-'))
  const report = join(folder, 'report.json')
  try {
    const jest = join(ROOT, 'node_modules/jest/bin/jest.js')
    const code = await runChild(NODE, [jest, '--json', '--outputFile', report, ...args], { env, stdout: 'ignore' })
    const { testResults } = JSON.parse(await readFile(report, 'utf8'))
    const suites = testResults.map(({ name, status, message, assertionResults }) => {
      const count = (wanted) => assertionResults.filter((test) => test.status === wanted).length
      const told = assertionResults.filter((test) => test.failureMessages?.length > 0)
      const failures = told.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]}`)
      if (status === 'failed' && failures.length === 0) failures.push(message)
      return { path: name, passed: count('passed'), failed: count('failed') || (status === 'failed' ? 1 : 0), failures }
    })
    return { code, suites }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A line for each failure, short: where an output is cut, its end still tells what failed. */
function sayFailures(what, suites) {
  for (const { path, failures } of suites) {
    for (const why of failures.slice(0, 5)) say(`${what} ${relative(ROOT, path)}: ${inOneLine(why)}`)
    if (failures.length > 5) say(`${what} ${relative(ROOT, path)}: ${failures.length - 5} more`)
  }
}

/** What failed and how, without the stack. */
function inOneLine(why) {
  const [said] = util.stripVTControlCharacters(why).split(/\n\s+at /)
  return said.replaceAll(/\s+/g, ' ').slice(0, 400)
}

function countsOf(suites, code) {
  const sum = (key) => suites.reduce((total, suite) => total + suite[key], 0)
  return { passed: sum('passed'), failed: sum('failed'), code: code || (sum('failed') > 0 ? 1 : 0) }
}

/** `bench [name] [flags]`: one of the measurements in bench/. */
async function bench([name = 'main-path', ...args]) {
  const env = {
    IB_STREAM_NATS_SERVER: await findNatsServer({ say }),
    ...(name === 'page' ? { IB_STREAM_CHROMIUM: await findChromium({ say }) } : {}),
    ...(name === 'field' ? await findFieldPeers({ say }) : {}),
  }
  return await runChild(NODE, [join(ROOT, `bench/${name}.ts`), ...args], { env })
}

/**
 * `chaos [--minutes N] [--seed S]`: faults over the real services, judged by what the simulator sent; `chaos day [seed] [rate]`: a day of the gateway's in minutes;
 * `chaos seam [clients] [seconds] [seed]`: clients that join history and live meanwhile.
 */
async function chaos(args) {
  const [script, given] = Object.hasOwn(CHAOS, args[0] ?? '') ? [CHAOS[args[0]], args.slice(1)] : ['test/chaos/main.ts', args]
  const env = { IB_STREAM_NATS_SERVER: await findNatsServer({ say }) }
  return await runChild(NODE, [join(ROOT, script), ...given], { env })
}

/** `hostile [requests] [seed]`: hostile requests, messages and bytes over every route of query-api. */
async function hostile(args) {
  const env = { IB_STREAM_NATS_SERVER: await findNatsServer({ say }) }
  return await runChild(NODE, [join(ROOT, 'services/query-api/test/hostile/main.ts'), ...args], { env })
}

/** `screenshots [--minutes M]`: the pictures of docs/images, taken anew of what runs. */
async function screenshots(args) {
  const env = { IB_STREAM_NATS_SERVER: await findNatsServer({ say }), IB_STREAM_CHROMIUM: await findChromium({ say }) }
  return await runChild(NODE, [join(ROOT, 'apps/web/test/screenshots.ts'), ...args], { env })
}

/** Types, lint and format, arrows between the rooms, docs in step with the code, links; every one runs, so that all problems show at once. */
async function check() {
  const steps = {
    types: [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', ROOT],
    "the page's types": [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'apps/web')],
    'lint and format': [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', ROOT],
    arrows: [join(ROOT, 'tools/check/arrows.ts')],
    'docs in step': [join(ROOT, 'tools/check/docs.ts')],
    "the client's types": [join(ROOT, 'tools/check/client-types.ts')],
    links: [join(ROOT, 'tools/check/links.ts')],
  }
  let failed = 0
  for (const [name, command] of Object.entries(steps)) {
    const code = await runChild(NODE, command)
    say(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
    if (code !== 0) failed += 1
  }
  return failed === 0 ? 0 : 1
}

/** Runs a child to its end; a signal to us is its signal (a Ctrl-C reaches it from the terminal already). */
function runChild(command, args, { env = {}, cwd = ROOT, stdout = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const path = `${dirname(NODE)}:${process.env.PATH ?? ''}`
    const child = spawn(command, args, { cwd, stdio: ['inherit', stdout, 'inherit'], env: { ...process.env, PATH: path, ...env } })
    const pass = (signal) => child.kill(signal)
    const wait = () => {}
    process.on('SIGTERM', pass)
    process.on('SIGINT', wait)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      process.off('SIGTERM', pass)
      process.off('SIGINT', wait)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}
