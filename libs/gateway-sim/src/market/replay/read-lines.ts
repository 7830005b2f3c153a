import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { GatewaySimError, messageOf } from '../../errors.ts'

/** Some hundred ticks a batch; what is read ahead stays within a few batches. */
const CHUNK_BYTES = 64 * 1024

/**
 * Lines of a text file in batches, never empty; the last line may lack its end. Memory: a chunk. `.gz` files are unpacked.
 * @throws GatewaySimError IBS_SIM_REPLAY_INVALID when the file cannot be read or unpacked
 */
export async function* readLineBatches(path: string): AsyncGenerator<readonly string[]> {
  let rest = ''
  try {
    for await (const chunk of openText(path)) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  } catch (cause) {
    throw new GatewaySimError(
      'IBS_SIM_REPLAY_INVALID',
      `cannot read ${path} (${messageOf(cause)}); give a v3 JSON lines file, plain or .gz`,
      { path },
      cause,
    )
  }
  if (rest !== '') yield [rest]
}

function openText(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES })
  const source = path.endsWith('.gz') ? unpack(file) : file
  return source.setEncoding('utf8')
}

function unpack(file: Readable): Readable {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // pipeline destroys the other side on an error; the reader sees it as its own.
  pipeline(file, gunzip, () => {})
  return gunzip
}
