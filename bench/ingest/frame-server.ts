// A gateway that does nothing but send the same quotes as fast as they are taken, so that its own cost does not count.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const FRAMES_AT_ONCE = 1_000

function frame(...fields: (string | number)[]): Buffer {
  const payload = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(payload.length)
  return Buffer.concat([head, payload])
}

const ticks = Buffer.concat(
  Array.from({ length: FRAMES_AT_ONCE }, (_, i) =>
    frame(99, 1, 3, 1_753_884_000 + (i % 60), 23_477.5 + (i % 8) / 4, 23_478 + (i % 8) / 4, 6, 5, 0),
  ),
)

async function serve(socket: Socket): Promise<void> {
  const left = new AbortController()
  socket.on('error', () => undefined) // the bench has left
  socket.once('close', () => left.abort())
  await once(socket, 'data')
  socket.write(frame(193, '20250730 14:00:00 UTC'))
  await once(socket, 'data')
  socket.write(Buffer.concat([frame(15, 1, 'DU0'), frame(9, 1, 1)]))
  await once(socket, 'data')
  while (!socket.destroyed) if (!socket.write(ticks)) await once(socket, 'drain', { signal: left.signal }).catch(() => undefined)
}

const server = createServer((socket) => void serve(socket))
server.listen((workerData as { port: number }).port, '127.0.0.1', () => parentPort?.postMessage('listening'))
