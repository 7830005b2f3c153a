// OpenStack Swift, which serves S3 too, as Debian has it: the archive's tests run on it where it is in the cache. `node tools/swift.mjs` fetches it there. Plain JavaScript that runs on Node 20.
import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { keepDebianTree } from './debian-package.mjs'

const PACKAGES = ['swift-proxy', 'swift-account', 'swift-container', 'swift-object', 'memcached', 'python3-xattr', 'python3-lxml']
const kept = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream', 'debian-swift')

const isKept = await access(join(kept, 'usr/bin/swift-proxy-server')).then(
  () => true,
  () => false,
)
if (!isKept) await keepDebianTree(kept, PACKAGES)
process.stdout.write(`${kept}\n`)
