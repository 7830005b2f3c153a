import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { msFromUs, US_PER_SECOND } from '@ib-stream/model'
import { isMissing } from '../errors.ts'

let known: string | undefined

/** Names this run of the kernel: bytes that were written but not synced are there as long as it lasts, and perhaps not after it. */
export function bootId(): string {
  known ??= fromLinux() ?? fromUptime()
  return known
}

function fromLinux(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Elsewhere the second of the boot, rounded to minutes. A clock that is set changes it: then visible checkpoints do not count, which costs work but no tick. */
function fromUptime(): string {
  const bootMs = Date.now() - uptime() * msFromUs(US_PER_SECOND)
  return `boot-${Math.round(bootMs / MINUTE_MS)}`
}

const MINUTE_MS = msFromUs(60 * US_PER_SECOND)
