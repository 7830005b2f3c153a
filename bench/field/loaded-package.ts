import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { CACHE } from './cache.ts'

/** A package that only this bench needs: installed into the cache the first time, its install scripts not run. @param version exact */
export function loadedPackage(name: string, version: string): NodeJS.Require {
  const folder = join(CACHE, `${name}-${version}`)
  if (!existsSync(folder)) {
    process.stderr.write(`installing ${name}@${version} into ${folder} …\n`)
    const partial = `${folder}.${process.pid}`
    mkdirSync(partial, { recursive: true })
    try {
      writeFileSync(join(partial, 'package.json'), '{"private":true}')
      const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--save-exact', `${name}@${version}`]
      execFileSync('npm', install, { cwd: partial, stdio: ['ignore', 'ignore', 'inherit'] })
      renameSync(partial, folder)
    } finally {
      rmSync(partial, { recursive: true, force: true })
    }
  }
  return createRequire(join(folder, 'package.json'))
}
