// `node tools/pack.mjs <storage|client> [folder]`: a room as a package for others, with the rooms that it stands on inside of it. Node strips no types below
// node_modules, so what is packed is built; nothing built stays in the checkout. Prints the path of the packed file.
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** What may be packed, and the rooms that go inside of it. */
const PACKED = { storage: ['model'], client: [] }

const [room = '', folder = '.'] = process.argv.slice(2)
if (!Object.hasOwn(PACKED, room))
  throw new Error(`"${room}" is none of ${Object.keys(PACKED).join(', ')}; say: node tools/pack.mjs client [folder]`)
const out = resolve(folder)
const stage = await mkdtemp(join(tmpdir(), 'ib-stream-pack-'))
try {
  for (const inner of PACKED[room]) await build(inner, join(stage, 'node_modules/@ib-stream', inner), [])
  await build(room, stage, PACKED[room])
  await mkdir(out, { recursive: true })
  const { stdout } = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out], stage)
  const packed = JSON.parse(stdout)
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed)
  process.stdout.write(`${join(out, filename)}\n`)
} finally {
  await rm(stage, { recursive: true, force: true })
}

/** JavaScript and types of a room, and a package.json that points at them. */
async function build(room, folder, bundles) {
  const source = join(ROOT, 'libs', room)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfigOf(source, folder)))
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(folder, 'tsconfig.json')], ROOT)
  await rm(join(folder, 'tsconfig.json'))
  const { private: _, exports, ...kept } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
  const built = Object.entries(exports).map(([name, path]) => {
    const [, stem] = /^\.\/src\/(.*)\.ts$/.exec(path)
    return [name, { types: `./dist/${stem}.d.ts`, default: `./dist/${stem}.js` }]
  })
  const bundled = bundles.length > 0 ? { bundleDependencies: bundles.map((name) => `@ib-stream/${name}`) } : {}
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ ...kept, ...bundled, exports: Object.fromEntries(built), files: ['dist', 'README.md'] }, null, 2),
  )
  await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
  await cp(join(source, 'README.md'), join(folder, 'README.md')).catch(() => undefined)
}

function tsconfigOf(source, folder) {
  return {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: join(source, 'src'),
      outDir: join(folder, 'dist'),
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: [join(source, 'src'), join(ROOT, 'types')],
  }
}

function run(command, args, cwd) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${done.status}: ${done.stdout}${done.stderr}`)
  return done
}
