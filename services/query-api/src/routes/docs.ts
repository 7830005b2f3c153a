import { docsPage } from '../api/docs-page.ts'
import { defineRoute } from '../api/route.ts'

/** The page has neither scripts nor anything from elsewhere. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"

export const docsRoute = defineRoute({
  path: '/docs',
  id: 'getDocs',
  tag: 'service',
  summary: 'This API as a page for people; needs no internet',
  answers: { 200: { doc: 'The page.', content: { 'text/html': 'text' } } },
  handle: ({ reply }, { routes }) =>
    reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', POLICY).send(docsPage(routes)),
})
