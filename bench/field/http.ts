import { Agent, type IncomingMessage, request } from 'node:http'

const agent = new Agent({ keepAlive: true })

/** A request over kept connections. @throws Error where the answer is not a success */
export async function ask(url: string, { method = 'GET', headers = {}, body = '' }: Asking = {}): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request(url, { agent, method, headers }, resolve).on('error', reject).end(body)
  const response = await promise
  if (response.statusCode !== undefined && response.statusCode < 300) return response
  throw new Error(`${url}: ${response.statusCode} ${await bodyOf(response)}`)
}

export interface Asking {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
}

export const get = (url: string): Promise<IncomingMessage> => ask(url)

export const textOf = async (url: string, asking: Asking = {}): Promise<string> => await bodyOf(await ask(url, asking))

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
