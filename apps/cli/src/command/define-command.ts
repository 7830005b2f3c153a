import type { Output } from '../output/output.ts'

/** How the text of an option or argument is read. It throws a sentence about the form that would be right. */
export type Read<Value> = (text: string) => Value

interface Described {
  doc: string
  /** The words that there are: checked, listed in help, offered by completion. */
  choices?: readonly string[]
  /** What completion offers. */
  completes?: 'file' | 'folder'
}

/** One option. `value` is never set: it carries the type. */
export interface Option<Value = unknown> extends Described {
  /** `-t, --types <list>`: as people see it. */
  flags: string
  read?: Read<Value>
  /** The value where it is not given; its text in `shown`. */
  fallback?: Value
  /** The default in words, where it is not a fixed value. */
  shown?: string
  /** May be given several times; all values count. */
  many?: true
  required?: true
  readonly value?: Value
}

/** One argument, in the order of the description: `<contract>`, `[contract]`, `<source...>`. */
export interface Argument<Value = unknown> extends Described {
  form: string
  read?: Read<Value>
  readonly value?: Value
}

export type Options = Readonly<Record<string, Option>>
export type Arguments = Readonly<Record<string, Argument>>
type Values<Described> = { [Name in keyof Described]: Described[Name] extends { readonly value?: infer Value } ? Value : never }

export const GROUPS = {
  ticks: 'Ticks',
  contracts: 'Contracts',
  truth: 'What was recorded, and what was not',
  files: 'Files',
  service: 'The services',
} as const

export interface Example {
  /** Without `ib-stream` in front; may have a pipe behind. */
  run: string
  does: string
}

/** One command as it is: parsing, help, completion and docs/reference/cli.md are made from this. */
export interface Command<O extends Options = Options, A extends Arguments = Arguments> {
  /** `query`, or `contracts lookup`. */
  name: string
  group: keyof typeof GROUPS
  /** A line that begins with a small letter and has no full stop. */
  summary: string
  args?: A
  options?: O
  /** Everything behind the name belongs to another program. */
  passThrough?: true
  examples: readonly Example[]
  /** Statuses that mean something of their own, over {@link STATUSES}. */
  statuses?: Readonly<Record<number, string>>
  /** A reader that has enough (`| head`) ends the command with 0; else the work goes on and its status counts. */
  endsWithReader?: true
  /** What Ctrl-C means: `ends` it with 0, as it was meant to, or `stops` it half-way with 130. `own`: the command listens itself. */
  interrupt: 'ends' | 'stops' | 'own'
  /** Said after it was stopped. */
  whenStopped?: string
}

/** What a run of a command is given. */
export interface Call<C extends Command = Command> {
  args: Values<NonNullable<C['args']>>
  flags: Values<NonNullable<C['options']>>
  /** Of a command with `passThrough`: everything behind its name. */
  passed: readonly string[]
  out: Output
  /** Aborts on Ctrl-C and SIGTERM, and where a reader that has enough ends the command. */
  signal: AbortSignal
  env: Readonly<Record<string, string | undefined>>
}

/** The work of a command. Gives its exit status, 0 where it gives none. */
export type Run<C extends Command> = (call: Call<C>) => Promise<number> | Promise<void>

/** Exit statuses, the same for all commands. */
export const STATUSES = {
  0: 'done, and all is well',
  1: 'done, and something is not well: damage, a difference, a gap in an answer, a service that is not healthy',
  2: 'not done: wrong options, nothing answers, a file cannot be read or written',
  130: 'stopped by Ctrl-C',
  143: 'stopped by SIGTERM',
} as const

const none = {} as const

/** Keeps the types of options and arguments. */
export function defineCommand<const O extends Options = typeof none, const A extends Arguments = typeof none>(
  command: Command<O, A>,
): Command<O, A> {
  return command
}
