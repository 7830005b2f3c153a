import { z } from 'zod'
import type { JsonSchema } from './parameter.ts'

/** Schemas that have an id, by it; the document has them once and refers to them. */
export type Definitions = Record<string, JsonSchema>

/**
 * A schema as a document carries it: what stands below an id goes to `definitions`, and is referred to.
 * @param io `input` for what is read, `output` for what is given
 */
export function schemaIn(definitions: Definitions, schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema, $defs = {}, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema & { $defs?: Definitions }
  for (const [id, definition] of Object.entries($defs)) definitions[id] ??= withoutIds(referring(definition))
  const { id } = own as { id?: string }
  if (id === undefined) return referring(own)
  definitions[id] ??= withoutIds(referring(own))
  return { $ref: `#/components/schemas/${id}` }
}

const withoutIds = ({ id: _id, ...schema }: JsonSchema): JsonSchema => schema

/** Zod refers to `#/$defs/…`, documents to `#/components/schemas/…`. */
const referring = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema
