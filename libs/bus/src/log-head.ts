import type { Msg, MsgHdrs } from '@nats-io/nats-core'

/** Header of a message that was cut together with others: `k/n`. */
export const BATCH_HEADER = 'Ibs-Batch'

type Batch = { k: number; n: number }

/**
 * The head of message `n` of the log: the server takes it only behind n − 1. Of what the client's own object can do publishing asks for its bytes alone, and those take
 * it 1.3 µs of CPU for each message where one text takes 0.15 (measured on @nats-io/nats-core 3.4.0); the test holds them to the client's.
 */
export function logHead(n: number, batch?: Batch): MsgHdrs {
  const ofBatch = batch ? `${BATCH_HEADER}: ${batch.k}/${batch.n}\r\n` : ''
  const text = `NATS/1.0\r\nNats-Expected-Last-Sequence: ${n - 1}\r\n${ofBatch}\r\n`
  return { encode: () => Buffer.from(text, 'latin1') } as unknown as MsgHdrs
}

const BATCH_LINE = /\r\nIbs-Batch: ?(\d+)\/(\d+)\r\n/

/** The place of a message in its batch. Nearly none has one, so its header is searched, not taken apart: 0.1 µs instead of 0.8. */
export function batchOf(message: Msg): Batch | undefined {
  const head = headOf(message)
  if (head === undefined) return batchIn(message.headers)
  if (!head.includes(BATCH_HEADER)) return undefined
  return read(BATCH_LINE.exec(head)?.slice(1) ?? [])
}

/** The same, of headers that the client has taken apart. */
export const batchIn = (headers: MsgHdrs | undefined): Batch | undefined => read(headers?.get(BATCH_HEADER).split('/') ?? [])

const read = ([k, n]: readonly string[]): Batch | undefined => (Number(k) && Number(n) ? { k: Number(k), n: Number(n) } : undefined)

/** Every message of the client has it, its type has not: bytes of subject, reply, header and payload. */
type Sized = Msg & { size(): number }

/** A message's header lies before its payload, as it came from the wire; undefined where the client keeps it otherwise. */
function headOf(message: Msg): string | undefined {
  const { data, subject, reply = '' } = message
  const bytes = (message as Sized).size() - data.length - subject.length - reply.length
  if (bytes === 0) return ''
  if (bytes < 0 || bytes > data.byteOffset) return undefined
  const head = Buffer.from(data.buffer, data.byteOffset - bytes, bytes).toString('latin1')
  return head.startsWith('NATS/1.0') && head.endsWith('\r\n\r\n') ? head : undefined
}
