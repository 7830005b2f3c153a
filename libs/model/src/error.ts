/**
 * Base of all errors that ib-stream itself raises. Rooms derive one class each, with their own tuple of codes.
 * The message starts with the code and ends with what to do; `facts` are for the log.
 */
export class IbsError<Code extends string = string> extends Error {
  readonly code: Code
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: Code, message: string, facts: Record<string, unknown> = {}, options: { cause?: unknown } = {}) {
    super(`${code}: ${message}`, options)
    this.name = 'IbsError'
    this.code = code
    this.facts = facts
  }

  /** The message for where the code stands beside it. */
  get words(): string {
    return this.message.slice(`${this.code}: `.length)
  }
}

/** The code of an IbsError or of a Node system error (`ENOENT`); undefined for anything else. Works across realms, unlike `instanceof`. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}
