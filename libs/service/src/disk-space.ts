import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf } from '@ib-stream/model'
import type { Config } from './config.ts'

export interface DiskSpace {
  totalBytes: number
  /** What a program that is not root may still write. */
  freeBytes: number
}

/** Of the disk that holds `folder`, or would hold it: the nearest folder above it that exists is asked. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder)
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error
    return await diskSpace(dirname(folder))
  }
}

const MOST_LOG_BYTES = 20 * 2 ** 30
const LOG_SHARE_OF_DISK = 0.2
/** A server counts in whole MiB here, so that a disk measured twice gives one limit. */
const MIB = 2 ** 20

/** Most bytes that the log may hold: as set, else 20 % of the disk of DATA_DIR but at most 20 GiB. A full log waits in the spool; a full disk hurts everybody. */
export async function logBytesLimit(config: Pick<Config, 'logMaxBytes' | 'dataDir'>): Promise<number> {
  if (config.logMaxBytes !== undefined) return config.logMaxBytes
  const { totalBytes } = await diskSpace(config.dataDir)
  return Math.max(MIB, Math.floor(Math.min(MOST_LOG_BYTES, LOG_SHARE_OF_DISK * totalBytes) / MIB) * MIB)
}
