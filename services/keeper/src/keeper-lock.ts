import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { pause } from '@ib-stream/bus'
import { tryLock } from 'fs-native-extensions'

const RETRY_EVERY_MS = 1_000

/** One keeper works on a DATA_DIR; a second one waits here until the first is gone, or `signal` aborts (with its reason). */
export async function becomeKeeper(dataDir: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const folder = join(dataDir, '.state')
  for (;;) {
    signal.throwIfAborted()
    await mkdir(folder, { recursive: true })
    const handle = await open(join(folder, 'keeper.lock'), 'a+')
    if (tryLock(handle.fd)) return handle
    await handle.close()
    await pause(RETRY_EVERY_MS, signal)
  }
}
