/** Retention as a process of its own that a fail-point kills. Run by kill.test.ts. */
import { retain } from '../../src/retention/retain.ts'
import { jsonForADay } from '../retention-tree.ts'

const [dataDir = ''] = process.argv.slice(2)
await retain(jsonForADay(dataDir))
