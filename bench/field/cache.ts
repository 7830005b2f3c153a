import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where what was fetched for this bench stays. */
export const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ib-stream')
