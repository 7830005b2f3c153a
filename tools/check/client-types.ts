// Fails when libs/client/src/api-types.ts differs from what query-api's OpenAPI document says. `--write` writes it anew.
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openApiOf } from '../../services/query-api/src/api/openapi.ts'
import { ROUTES } from '../../services/query-api/src/routes.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PATH = 'libs/client/src/api-types.ts'
const INDENT = '  '

type Schema = Record<string, unknown>
interface Operation {
  summary: string
  parameters: { name: string; in: 'path' | 'query' | 'header'; schema: Schema }[]
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

const wanted = formatted(typesOf(openApiOf(ROUTES)))
if (process.argv.includes('--write')) await writeFile(join(ROOT, PATH), wanted)
else if ((await readFile(join(ROOT, PATH), 'utf8').catch(() => '')) !== wanted) {
  console.error(`${PATH} differs from the OpenAPI document; write it anew: node tools/check/client-types.ts --write`)
  process.exitCode = 1
}

function typesOf(document: Schema): string {
  const { components, paths } = document as {
    components: { schemas: Record<string, Schema> }
    paths: Record<string, Record<string, Operation>>
  }
  const named = Object.entries(components.schemas).map(
    ([name, schema]) => `${doc(schema.description)}export type ${name} = ${typeOf(schema, '')}\n`,
  )
  const operations = Object.entries(paths).flatMap(([path, { get }]) => (get && answerOf(get) ? [operation(path, get)] : []))
  return `// From the OpenAPI document of query-api: node tools/check/client-types.ts --write\n\n${named.join('\n')}
/** Every GET that answers with JSON: what its path and query take (docs/reference/http-api.md explains), and what it gives. */
export interface Gets {\n${operations.join('')}}\n`
}

function answerOf({ responses }: Operation): Schema | undefined {
  return responses['200']?.content?.['application/json']?.schema
}

function operation(path: string, get: Operation): string {
  const field = (place: 'path' | 'query', required: '' | '?') => {
    const some = get.parameters.filter((parameter) => parameter.in === place)
    const lines = some.map(({ name, schema }) => `${INDENT.repeat(3)}${name}${required}: ${typeOf(schema, INDENT.repeat(3))}\n`)
    return `${INDENT.repeat(2)}${place}: ${lines.length === 0 ? 'Record<never, never>' : `{\n${lines.join('')}${INDENT.repeat(2)}}`}\n`
  }
  const answer = typeOf(answerOf(get) ?? {}, INDENT.repeat(2))
  return `${doc(get.summary, INDENT)}${INDENT}'${path}': {\n${field('path', '')}${field('query', '?')}${INDENT.repeat(2)}answer: ${answer}\n${INDENT}}\n`
}

function typeOf(schema: Schema, at: string): string {
  const { $ref, anyOf, oneOf, enum: values, type, items } = schema
  if (typeof $ref === 'string') return $ref.slice('#/components/schemas/'.length)
  if ('const' in schema) return literal(schema.const)
  if (Array.isArray(values)) return values.map(literal).join(' | ')
  const some = (anyOf ?? oneOf) as Schema[] | undefined
  if (some) return [...new Set(some.map((one) => typeOf(one, at)))].join(' | ')
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, at)).join(' | ')
  if (type === 'array') return `readonly (${typeOf((items ?? {}) as Schema, at)})[]`
  if (type === 'object') return objectOf(schema, at)
  if (type === 'integer') return 'number'
  return typeof type === 'string' ? type : 'unknown'
}

function objectOf({ properties = {}, required = [], additionalProperties, propertyNames }: Schema, at: string): string {
  const inner = at + INDENT
  const fields = Object.entries(properties as Record<string, Schema>).map(([name, schema]) => {
    const mark = (required as string[]).includes(name) ? '' : '?'
    return `${doc(schema.description, inner)}${inner}${name}${mark}: ${typeOf(schema, inner)}\n`
  })
  const names = propertyNames as Schema | undefined
  if (fields.length > 0 && names === undefined) {
    const others = isLoose(additionalProperties) ? `${inner}[other: string]: unknown\n` : ''
    return `{\n${fields.join('')}${others}${at}}`
  }
  const value = typeof additionalProperties === 'object' ? typeOf(additionalProperties as Schema, at) : 'unknown'
  return names?.enum ? `Partial<Record<${typeOf(names, at)}, ${value}>>` : `Record<string, ${value}>`
}

/** `{}` is how zod says that an object may hold more than is told. */
function isLoose(additional: unknown): boolean {
  return typeof additional === 'object' && Object.keys(additional ?? {}).length === 0
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : String(value)
}

function doc(text: unknown, at = ''): string {
  return typeof text === 'string' && text !== '' ? `${at}/** ${text.replaceAll('*/', '* /').replaceAll('\n', ' ')} */\n` : ''
}

function formatted(text: string): string {
  const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
  const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'format', `--stdin-file-path=${PATH}`], {
    cwd: ROOT,
    input: text,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`biome ended with ${status}: ${stderr}`)
  return stdout
}
