import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { Access } from '../safety/access.ts'
import type { ServerDeps } from '../server-deps.ts'
import type { StreamEventName } from '../stream/events.ts'
import type { Given, Parameters, Whole } from './parameter.ts'
import type { KnownCode } from './problem-table.ts'

/** Headings of the documents, in their order. */
export const TAGS = {
  history: 'Recorded ticks',
  live: 'Ticks as they arrive',
  replay: 'Recorded ticks as they arrived',
  derived: 'Computed from ticks',
  contracts: 'Contracts and their hours',
  truth: 'What is known of the recording',
  files: 'The files themselves',
  service: 'The service itself',
} as const
export type Tag = keyof typeof TAGS

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** One form of a body: its schema, or `bytes`, or `text`. */
export type BodyForm = z.ZodType | 'bytes' | 'text'

/** What an answer looks like. */
export interface AnswerDoc {
  doc: string
  /** By media type; none: no body. */
  content?: Readonly<Record<string, BodyForm>>
  /** Headers of this answer and what they say. */
  headers?: Readonly<Record<string, string>>
}

/** What handlers stand on besides what the server was given. */
export interface RouteDeps extends ServerDeps {
  /** Aborts when the server begins to close. */
  closing: AbortSignal
  access: Access
  /** Who is connected with streams. */
  clients: ClientRegistry
  /** Every route that is mounted. */
  routes: readonly Route[]
}

/** A request, read by the rules of its route. */
export interface Call<
  Path extends Parameters = Parameters,
  Query extends Parameters = Parameters,
  Headers extends Parameters = Parameters,
  Body = unknown,
> {
  path: Whole<Path>
  query: Given<Query>
  headers: Given<Headers>
  body: Body
  isHead: boolean
  /** Aborts when the client has gone, whether it has its whole answer or not. */
  gone: AbortSignal
  request: FastifyRequest
  /** For headers and status, and for streams; see `docs/architecture/http-api.md`. */
  reply: FastifyReply
}

/** A route as it is written: everything that there is to know about it, once. */
export interface RouteSpec<Path extends Parameters, Query extends Parameters, Headers extends Parameters, Body> {
  /** @default 'GET' */
  method?: Method
  /** With `{name}` for each path parameter. */
  path: string
  /** Name in the documents and in metrics: a verb and what it is about, `queryHistory`. */
  id: string
  tag: Tag
  /** One sentence, without its period. */
  summary: string
  /** More, in Markdown. */
  description?: string
  pathParameters?: Path
  query?: Query
  headers?: Headers
  body?: z.ZodType<Body>
  /** By status. */
  answers: Readonly<Record<number, AnswerDoc>>
  /** Events of a server-sent stream. */
  events?: readonly StreamEventName[]
  /** Errors of its own; those that any request may meet are added. */
  errors?: readonly KnownCode[]
  /** Gives the body, or `reply`, as fastify takes it. For a HEAD only what it says in headers counts. */
  handle(call: Call<Path, Query, Headers, Body>, deps: RouteDeps): unknown
}

/** Any route. */
export interface Route extends Omit<RouteSpec<Parameters, Parameters, Parameters, unknown>, 'handle'> {
  method: Method
  handle(call: Call, deps: RouteDeps): unknown
}

const NONE = {} as const

/** A route from its description; its handler gets values of the described types. */
export function defineRoute<
  Path extends Parameters = typeof NONE,
  Query extends Parameters = typeof NONE,
  Headers extends Parameters = typeof NONE,
  Body = undefined,
>(spec: RouteSpec<Path, Query, Headers, Body>): Route {
  return { method: 'GET', ...spec } as unknown as Route // what a call holds was read by these very rules
}
