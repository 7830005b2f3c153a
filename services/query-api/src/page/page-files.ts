import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import type { Encoding } from '../api/encoding.ts'

/** One file of the page as it is sent. */
export interface PageFile {
  type: string
  bytes: Buffer
  etag: string
}

export interface Page {
  index: PageFile
  /** By folder and name, as in `/page/{folder}/{file}`. */
  files: ReadonlyMap<string, PageFile>
  /** Content-Security-Policy of the index: scripts are files of ours, and the one map of their names that stands in it. */
  policy: string
}

export const PAGE_TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' } as const

const TYPE_OF: Readonly<Record<string, string>> = {
  '.html': PAGE_TYPES.html,
  '.ts': PAGE_TYPES.js, // as it stands, without its types
  '.mjs': PAGE_TYPES.js,
  '.js': PAGE_TYPES.js,
  '.css': PAGE_TYPES.css,
  '.svg': PAGE_TYPES.svg,
}
const IMPORT_MAP = /<script type="importmap">([\s\S]*?)<\/script>/
const PRELOADS = '<!-- modules -->'

/** Reads all that the page consists of: its own sources, the client, and the two chart libraries out of their packages. Throws where one is not installed. */
export function loadPage(): Page {
  const here = createRequire(import.meta.url)
  const web = dirname(here.resolve('@ib-stream/web/package.json'))
  const fromWeb = createRequire(join(web, 'package.json'))
  const charts = join(dirname(fromWeb.resolve('lightweight-charts/package.json')), 'dist')
  const uplot = dirname(fromWeb.resolve('uplot'))
  const files = new Map([
    ...folder('web', join(web, 'src'), (name) => name !== 'index.html'),
    ...folder('client', dirname(fromWeb.resolve('@ib-stream/client'))),
    ...folder('vendor', charts, (name) => name === 'lightweight-charts.standalone.production.mjs'),
    ...folder('vendor', uplot, (name) => name === 'uPlot.esm.js' || name === 'uPlot.min.css'),
  ])
  const modules = [...files].filter(([, { type }]) => type === PAGE_TYPES.js).map(([path]) => path)
  const preloads = modules.map((path) => `<link rel="modulepreload" href="/page/${path}">`).join('\n')
  const html = readFileSync(join(web, 'src/index.html'), 'utf8').replace(PRELOADS, preloads)
  return { index: fileOf('index.html', Buffer.from(html)), files, policy: policyOf(html) }
}

function* folder(
  name: string,
  path: string,
  isWanted: (file: string) => boolean = () => true,
): Generator<[string, PageFile], void, undefined> {
  for (const file of readdirSync(path)) {
    if (!(extname(file) in TYPE_OF) || !isWanted(file)) continue
    const raw = readFileSync(join(path, file))
    yield [`${name}/${file}`, fileOf(file, file.endsWith('.ts') ? Buffer.from(stripTypeScriptTypes(raw.toString('utf8'))) : raw)]
  }
}

const fileOf = (name: string, bytes: Buffer): PageFile => ({
  type: TYPE_OF[extname(name)] ?? '',
  bytes,
  etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
})

function policyOf(html: string): string {
  const map = IMPORT_MAP.exec(html)?.[1] ?? ''
  const hash = createHash('sha256').update(map).digest('base64')
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const asGzip = promisify(gzip)
const asZstd = promisify(zstdCompress)
/** Level 12 makes it 3 % smaller, and takes ten times as long for so many small files: a second before the first chart after a start. */
const ZSTD_LEVEL = 6
const compressed = new WeakMap<PageFile, Map<Encoding, Promise<Buffer>>>()

/** The bytes of a file in an encoding, made once. */
export function encoded(file: PageFile, encoding: Encoding): Promise<Buffer> {
  const known = compressed.get(file) ?? new Map<Encoding, Promise<Buffer>>()
  compressed.set(file, known)
  const bytes =
    known.get(encoding) ??
    (encoding === 'gzip' ? asGzip(file.bytes) : asZstd(file.bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }))
  known.set(encoding, bytes)
  return bytes
}
