import { CliError } from '../errors.ts'
import type { Argument, Arguments, Command, Option, Options } from './define-command.ts'

type Raw = string | string[] | boolean | undefined

/**
 * Texts of a command line to values.
 * @throws CliError `IBS_CLI_OPTION_INVALID` that names everything that is wrong
 */
export function readValues(
  { options = {}, args = {} }: Pick<Command<Options, Arguments>, 'options' | 'args'>,
  given: { flags: Readonly<Record<string, Raw>>; args: readonly Raw[] },
): { flags: Record<string, unknown>; args: Record<string, unknown> } {
  const problems: string[] = []
  const take = <Result>(label: string, raw: Raw, read: () => Result): Result | undefined => {
    try {
      return read()
    } catch (error) {
      problems.push(`${label} ${String(raw)}: ${Error.isError(error) ? error.message : String(error)}`)
      return undefined
    }
  }
  const flags = Object.fromEntries(
    Object.entries(options).map(([name, option]) => {
      const raw = given.flags[longNameOf(option)]
      return [name, take(flagOf(option), raw, () => valueOfOption(option, raw))]
    }),
  )
  const values = Object.fromEntries(
    Object.entries(args).map(([name, argument], i) => {
      const raw = given.args[i]
      return [name, take(name, raw, () => valueOfArgument(argument, raw))]
    }),
  )
  if (problems.length > 0) throw new CliError('IBS_CLI_OPTION_INVALID', problems.join('; '), { problems })
  return { flags, args: values }
}

/** `--data-dir` of `-d, --data-dir <folder>`. */
export const flagOf = ({ flags }: Option): string => /--[a-z-]+/.exec(flags)?.[0] ?? flags

/** The key under which commander gives it: `dataDir`. */
const longNameOf = (option: Option): string =>
  flagOf(option)
    .slice(2)
    .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())

function valueOfOption({ read, fallback, flags, many }: Option, raw: Raw): unknown {
  if (!flags.includes('<')) return raw === true
  if (raw === undefined || (many && Array.isArray(raw) && raw.length === 0)) return fallback
  return read === undefined ? raw : read(String(raw))
}

function valueOfArgument({ read, form }: Argument, raw: Raw): unknown {
  if (raw === undefined) return form.includes('...') ? [] : undefined
  return read === undefined ? raw : read(String(raw))
}
