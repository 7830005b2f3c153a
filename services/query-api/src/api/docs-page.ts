import { STREAM_EVENTS } from '../stream/events.ts'
import { errorsOf } from './openapi.ts'
import type { Parameter, Parameters } from './parameter.ts'
import { PROBLEMS } from './problem-table.ts'
import { type Route, TAGS, type Tag } from './route.ts'

/** The routes as a page: made here from what the server mounts, without scripts and without anything from elsewhere. */
export function docsPage(routes: readonly Route[]): string {
  const tags = (Object.keys(TAGS) as Tag[]).filter((tag) => routes.some((route) => route.tag === tag))
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>ib-stream API</title><style>${STYLE}</style></head>
<body><header><h1>ib-stream API</h1>
<p>For programs: <a href="/openapi.json">OpenAPI 3.1</a> and, for streams and the bus, <a href="/asyncapi.json">AsyncAPI 3.0</a>. State: <a href="/health">health</a>, <a href="/metrics">metrics</a>.</p>
<nav>${tags.map((tag) => contents(tag, routes)).join('')}</nav></header>
<main>${tags.map((tag) => section(tag, routes)).join('')}</main></body></html>
`
}

const contents = (tag: Tag, routes: readonly Route[]): string =>
  `<h2>${TAGS[tag]}</h2><ul>${of(tag, routes)
    .map((route) => `<li><a href="#${route.id}"><code>${route.method} ${text(route.path)}</code></a> ${text(route.summary)}</li>`)
    .join('')}</ul>`

const section = (tag: Tag, routes: readonly Route[]): string => `<h2>${TAGS[tag]}</h2>${of(tag, routes).map(article).join('')}`

const of = (tag: Tag, routes: readonly Route[]): Route[] => routes.filter((route) => route.tag === tag)

function article(route: Route): string {
  const { id, method, path, summary, description, pathParameters = {}, query = {}, headers = {}, answers, events = [] } = route
  const parameters = [...rows(pathParameters, 'path'), ...rows(query, 'query'), ...rows(headers, 'header')]
  const given = Object.entries(answers).map(([status, { doc, content = {} }]) => [
    `<b>${status}</b>`,
    `${text(doc)}${Object.keys(content)
      .map((type) => ` <code>${text(type)}</code>`)
      .join('')}`,
  ])
  const errors = errorsOf(route).map((code) => [`<b>${PROBLEMS[code].status}</b>`, `<code>${code}</code> ${PROBLEMS[code].title}`])
  const shown = events.map((name) => [`<code>${name}</code>`, text(STREAM_EVENTS[name].doc)])
  return `<article id="${id}"><h3><code>${method} ${text(path)}</code></h3><p>${text(summary)}.${description ? ` ${text(description)}` : ''}</p>
${table('Parameters', ['name', 'in', 'what', 'allowed', 'default'], parameters)}${table('Answers', ['status', ''], given)}${table('Events', ['event', ''], shown)}${table('Errors', ['status', ''], errors)}</article>`
}

function rows(parameters: Parameters, place: string): string[][] {
  return Object.entries(parameters).map(([name, { doc, allowed, default: unset }]: [string, Parameter]) => [
    `<code>${text(name)}</code>`,
    place,
    text(doc),
    typeof allowed === 'string' ? text(allowed) : allowed.map((value) => `<code>${text(value)}</code>`).join(', '),
    text(unset ?? ''),
  ])
}

function table(title: string, heads: readonly string[], lines: readonly (readonly string[])[]): string {
  if (lines.length === 0) return ''
  const head = heads.map((name) => `<th>${name}</th>`).join('')
  const body = lines.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')
  return `<h4>${title}</h4><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const text = (raw: string): string => raw.replaceAll(/[&<>"]/g, (char) => ESCAPES[char] ?? char)

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:0 auto;padding:1rem}
code{font:13px ui-monospace,monospace}article{border-top:1px solid #8886;padding:.5rem 0}table{border-collapse:collapse;width:100%;margin-bottom:1rem}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #8883}h4{margin:.8rem 0 .2rem}nav ul{list-style:none;padding:0}`
