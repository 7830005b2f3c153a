import type { Argument, Option, Read } from './define-command.ts'

type More<Value> = Omit<Option<Value>, 'flags' | 'doc' | 'read' | 'value'>
type MoreOfArgument = Omit<Argument, 'form' | 'doc' | 'read' | 'value'>

/** On or off. */
export const flag = (flags: string, doc: string): Option<boolean> => ({ flags, doc })

/** A text as it is; undefined where it is not given. */
export const text = (flags: string, doc: string, more: More<string> = {}): Option<string | undefined> => ({ flags, doc, ...more })

/** Several texts, one each time the option is given. */
export const texts = (flags: string, doc: string): Option<string[]> => ({ flags, doc, many: true, fallback: [] })

/** A text with a default. */
export const textOr = (flags: string, doc: string, fallback: string, more: More<string> = {}): Option<string> => ({
  flags,
  doc,
  fallback,
  ...more,
})

/** One of some words. */
export const word = <const Word extends string>(
  flags: string,
  doc: string,
  choices: readonly Word[],
  more: More<Word> = {},
): Option<Word | undefined> => ({ flags, doc, choices, read: oneOf(choices), ...more })

/** One of some words, with a default. */
export const wordOr = <const Word extends string>(
  flags: string,
  doc: string,
  choices: readonly Word[],
  fallback: NoInfer<Word>,
): Option<Word> => ({ flags, doc, choices, fallback, read: oneOf(choices) })

/** A value with a form of its own. */
export const value = <Value>(flags: string, doc: string, read: Read<Value>, more: More<Value> = {}): Option<Value | undefined> => ({
  flags,
  doc,
  read,
  ...more,
})

/** A value with a form of its own, and a default. */
export const valueOr = <Value>(
  flags: string,
  doc: string,
  read: Read<Value>,
  { fallback, ...more }: More<Value> & { fallback: Value },
): Option<Value> => ({ flags, doc, read, fallback, ...more })

export const argument = (name: string, doc: string, more: MoreOfArgument = {}): Argument<string> => ({ form: `<${name}>`, doc, ...more })

export const optionalArgument = (name: string, doc: string, more: MoreOfArgument = {}): Argument<string | undefined> => ({
  form: `[${name}]`,
  doc,
  ...more,
})

/** The last argument: one or more. */
export const manyArguments = (name: string, doc: string, more: MoreOfArgument = {}): Argument<string[]> => ({
  form: `<${name}...>`,
  doc,
  ...more,
})

/** The last argument: any number. */
export const anyArguments = (name: string, doc: string, more: MoreOfArgument = {}): Argument<string[]> => ({
  form: `[${name}...]`,
  doc,
  ...more,
})

/** @throws a sentence about the form */
export function oneOf<const Word extends string>(choices: readonly Word[]): Read<Word> {
  return (given) => {
    const found = choices.find((choice) => choice === given)
    if (found !== undefined) return found
    throw new Error(`one of ${choices.join(', ')}`)
  }
}

/** A whole number in a range. @throws a sentence about the form */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): Read<number> {
  return (given) => {
    const number = Number(given)
    if (/^\d+$/.test(given) && number >= least && number <= most) return number
    throw new Error(most === Number.MAX_SAFE_INTEGER ? `a whole number, ${least} or more` : `a whole number from ${least} to ${most}`)
  }
}
