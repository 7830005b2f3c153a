import { accessSync, constants } from 'node:fs'
import { codeOf } from '@ib-stream/model'
import type { Report } from '@ib-stream/service'

/** Whether the recorded files can be read; a folder that is not there yet is simply empty. */
export function filesReport(dataDir: string): Report {
  try {
    accessSync(dataDir, constants.R_OK | constants.X_OK)
    return { state: 'readable', ready: true, dataDir }
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' ? { state: 'empty', ready: true, dataDir } : { state: 'unreadable', ready: false, dataDir, reason: code }
  }
}
