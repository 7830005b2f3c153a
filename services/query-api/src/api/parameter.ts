import { z } from 'zod'

/** JSON Schema as the documents carry it. */
export type JsonSchema = Record<string, unknown>

/** One parameter of a path, query or header: its rule, and what people are told of it. */
export interface Parameter<Value = unknown> {
  /** Reads the text of the request; the message of an issue goes on from "<name> <value> …". */
  rule: z.ZodType<Value, string>
  /** The form of the text for the documents. */
  schema: JsonSchema
  /** What is allowed, in words or as a list. */
  allowed: string | readonly string[]
  doc: string
  /** What holds where it is left out, in words. */
  default?: string
}

export type Parameters = Readonly<Record<string, Parameter>>

/** Values of parameters that may be left out. */
export type Given<P extends Parameters> = { readonly [Name in keyof P]?: z.output<P[Name]['rule']> }
/** Values of parameters that are always there: those of a path. */
export type Whole<P extends Parameters> = { readonly [Name in keyof P]: z.output<P[Name]['rule']> }

interface Words {
  doc: string
  allowed?: string
  default?: string
}

/** A whole number in decimal digits. */
export function wholeNumber(from: number, to: number, words: Words): Parameter<number> {
  const rule = z
    .string()
    .regex(/^\d{1,16}$/, 'is no whole number')
    .transform(Number)
    .refine((value) => value >= from && value <= to, `is not from ${from} to ${to}`)
  return { allowed: `a whole number from ${from} to ${to}`, ...words, rule, schema: { type: 'integer', minimum: from, maximum: to } }
}

/** One of some words. */
export function oneOf<const Value extends string>(values: readonly Value[], words: Omit<Words, 'allowed'>): Parameter<Value> {
  return { ...words, allowed: values, rule: z.enum(values, `is none of ${values.join(', ')}`), schema: { type: 'string', enum: values } }
}

const FLAG_WORDS: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false }

/** A choice: `true` or `1`, `false` or `0`. */
export function flag(words: Omit<Words, 'allowed'>): Parameter<boolean> {
  const rule = z.string().transform((text, context) => {
    const value = FLAG_WORDS[text.toLowerCase()]
    if (value !== undefined) return value
    context.addIssue('is neither true nor false')
    return z.NEVER
  })
  return { default: 'false', ...words, allowed: ['true', 'false', '1', '0'], rule, schema: { type: 'boolean' } }
}

/** Words of a list, separated by commas; one that is named twice counts once. */
export function listOf<const Value extends string>(
  values: readonly Value[],
  words: Omit<Words, 'allowed'> & { what: string },
): Parameter<readonly Value[]> {
  const { what, ...rest } = words
  const rule = z.string().transform((text, context): readonly Value[] => {
    const names = [...new Set(text.split(',').map((part) => part.trim()))]
    const unknown = names.filter((name) => !values.includes(name as Value))
    if (unknown.length === 0) return names as Value[]
    context.addIssue(`names no ${what} with ${unknown.map((name) => `"${name}"`).join(', ')}`)
    return z.NEVER
  })
  return { ...rest, allowed: values, rule, schema: { type: 'array', items: { type: 'string', enum: values } } }
}

/** A value, or what is wrong with its text. */
export type Read<Value> = { value: Value; problem?: undefined } | { value?: undefined; problem: string }

/** Text that a function reads. */
export function readBy<Value>(
  read: (text: string) => Read<Value>,
  words: Words & { allowed: string; schema?: JsonSchema },
): Parameter<Value> {
  const { schema = { type: 'string' }, ...rest } = words
  const rule = z.string().transform((text, context): Value => {
    const { value, problem } = read(text)
    if (problem === undefined) return value
    context.addIssue(problem)
    return z.NEVER
  })
  return { ...rest, rule, schema }
}
