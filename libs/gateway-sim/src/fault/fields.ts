/** One setting of a fault: how it is read from JSON or a command line, and what is said about it. */
export interface FaultField<T> {
  readonly doc: string
  /** Used when the setting is left out; undefined makes it required. */
  readonly fallback: T | undefined
  /** @returns the value, or undefined where the rule is broken */
  parse(value: unknown): T | undefined
  /** The rule in words. */
  readonly rule: string
}

export type FaultFields = Readonly<Record<string, FaultField<unknown>>>

/** The values of a set of fields. */
export type FaultValues<Fields extends FaultFields> = {
  readonly [Name in keyof Fields]: Fields[Name] extends FaultField<infer T> ? T : never
}

/** A number in a range; text is taken as well, for command lines. */
export function numberField(doc: string, min: number, max: number, fallback?: number): FaultField<number> {
  const parse = (value: unknown) => {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof number === 'number' && number >= min && number <= max ? number : undefined
  }
  return { doc, fallback, parse, rule: `a number from ${min} to ${max}` }
}

/** As `numberField`, for ids, codes and counts: they go out as they are. */
export function integerField(doc: string, min: number, max: number, fallback?: number): FaultField<number> {
  const { parse } = numberField(doc, min, max, fallback)
  const whole = (value: unknown) => {
    const number = parse(value)
    return Number.isInteger(number) ? number : undefined
  }
  return { doc, fallback, parse: whole, rule: `an integer from ${min} to ${max}` }
}

/** One of some words. */
export function wordField<const Word extends string>(doc: string, words: readonly Word[], fallback?: Word): FaultField<Word> {
  return { doc, fallback, parse: (value) => words.find((word) => word === String(value)), rule: `one of ${words.join(', ')}` }
}

/** A text that fits a pattern. */
export function textField(doc: string, pattern: RegExp, rule: string, fallback?: string): FaultField<string> {
  return { doc, fallback, parse: (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined), rule }
}

/** Ids of one client or contract; 0 stands for all. */
export const ALL = 0

/** How long a fault lasts. */
export function secondsField(fallback: number): FaultField<number> {
  return numberField('how long, seconds of the clock; 0: until it is lifted', 0, 30 * 86_400, fallback)
}

/** Which client is meant. */
export const clientField: FaultField<number> = integerField('client id that is meant; -1: every client', -1, 2 ** 31 - 1, -1)

/** Which contract is meant. */
export const contractField: FaultField<number> = integerField('contract id that is meant; 0: every contract', ALL, 2 ** 31 - 1, ALL)

/**
 * All settings with their values.
 * @returns the values, or what is wrong, field by field
 */
export function parseFields<Fields extends FaultFields>(
  fields: Fields,
  given: Readonly<Record<string, unknown>>,
): { readonly values: FaultValues<Fields> } | { readonly problems: readonly string[] } {
  const problems = Object.keys(given)
    .filter((name) => !(name in fields))
    .map((name) => `${name} is not a setting here; there are ${Object.keys(fields).join(', ') || 'none'}`)
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    const value = given[name] === undefined ? field.fallback : field.parse(given[name])
    if (value === undefined) problems.push(`${name} must be ${field.rule}, not ${JSON.stringify(given[name]) ?? 'left out'}`)
    values[name] = value
  }
  return problems.length > 0 ? { problems } : { values: values as FaultValues<Fields> }
}
