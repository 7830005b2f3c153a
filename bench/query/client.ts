import { createHash } from 'node:crypto'
import { Agent, get, type IncomingMessage } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

async function open(url: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  get(url, { agent }, resolve).on('error', reject)
  const response = await promise
  if (response.statusCode === 200) return response
  throw new Error(`${url}: ${response.statusCode} ${await textOf(response)}`)
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Reads an answer to its end, with as little work as a client can. @returns its bytes */
export async function drain(url: string): Promise<number> {
  const response = await open(url)
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  await ended(response)
  return bytes
}

/** As {@link drain}. @returns SHA-1 of the body */
export async function digestOf(url: string): Promise<string> {
  const response = await open(url)
  const hash = createHash('sha1')
  response.on('data', (chunk: Buffer) => hash.update(chunk))
  await ended(response)
  return hash.digest('hex')
}

/** The whole body. */
export async function bodyOf(url: string): Promise<Buffer> {
  const response = await open(url)
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  await ended(response)
  return Buffer.concat(chunks)
}

/** From the request to the first byte of the body, ms; the answer is not read further. */
export async function firstByteMs(url: string): Promise<number> {
  const startedMs = performance.now()
  const response = await open(url)
  await new Promise((resolve) => response.once('data', resolve))
  const tookMs = performance.now() - startedMs
  response.destroy()
  return tookMs
}

/** From the request to the last byte, ms. */
export async function wholeMs(url: string): Promise<number> {
  const startedMs = performance.now()
  await drain(url)
  return performance.now() - startedMs
}

function ended(response: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    response.on('error', reject)
    response.on('end', resolve)
    response.on('aborted', () => reject(new Error('the answer broke off')))
  })
}
