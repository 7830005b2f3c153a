import type { FastifyReply } from 'fastify'
import { encodingFor } from '../api/encoding.ts'
import { readBy } from '../api/parameter.ts'
import { type AnswerDoc, type Call, defineRoute } from '../api/route.ts'
import { QueryError } from '../errors.ts'
import { encoded, loadPage, PAGE_TYPES, type Page, type PageFile } from '../page/page-files.ts'

let loaded: Page | undefined
const page = (): Page => {
  loaded ??= loadPage()
  return loaded
}

const UNCHANGED: AnswerDoc = { doc: 'As `If-None-Match` has it.' }

export const pageRoute = defineRoute({
  path: '/',
  id: 'getPage',
  tag: 'service',
  summary: 'The page for people: contracts, charts, coverage, health; needs no key itself, and no internet',
  answers: { 200: { doc: 'The page.', content: { [PAGE_TYPES.html]: 'text' } }, 304: UNCHANGED },
  handle: (call) => {
    const { index, policy } = page()
    call.reply
      .header('content-security-policy', policy)
      .header('referrer-policy', 'no-referrer')
      .header('cross-origin-opener-policy', 'same-origin')
    return sendFile(call, index)
  },
})

const nameOf = (doc: string) =>
  readBy<string>((text) => (/^[\w.-]{1,80}$/.test(text) ? { value: text } : { problem: 'is no name of a file' }), {
    allowed: 'a name',
    doc,
  })

export const pageFileRoute = defineRoute({
  path: '/page/{folder}/{file}',
  id: 'getPageFile',
  tag: 'service',
  summary: 'What the page consists of: its modules, the client library (`/page/client/index.ts`, without its types), the chart libraries',
  pathParameters: { folder: nameOf('`web`, `client` or `vendor`.'), file: nameOf('The file.') },
  answers: {
    200: { doc: 'The file.', content: { [PAGE_TYPES.js]: 'text', [PAGE_TYPES.css]: 'text', [PAGE_TYPES.svg]: 'text' } },
    304: UNCHANGED,
  },
  errors: ['IBS_QUERY_ROUTE_UNKNOWN'],
  handle: (call) => {
    const { folder, file } = call.path
    const found = page().files.get(`${folder}/${file}`)
    if (found) return sendFile(call, found)
    throw new QueryError('IBS_QUERY_ROUTE_UNKNOWN', `the page has no ${folder}/${file}`, { field: 'file', value: file })
  },
})

async function sendFile({ request, reply }: Pick<Call, 'request' | 'reply'>, file: PageFile): Promise<FastifyReply> {
  reply.header('etag', file.etag).header('cache-control', 'no-cache').header('vary', 'Accept-Encoding')
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  reply.header('content-type', `${file.type}; charset=utf-8`)
  const encoding = encodingFor(request.headers['accept-encoding'] as string | undefined)
  if (encoding === undefined) return reply.send(file.bytes)
  return reply.header('content-encoding', encoding).send(await encoded(file, encoding))
}
