import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { ROOT } from './root.ts'

// Compiled code is kept between runs: that halves what a short command takes.
enableCompileCache(join(ROOT, 'node_modules/.cache/ib-stream'))
const { start } = await import('./start.ts')
process.exitCode = await start(process.argv.slice(2))
