import { Command as Commander, type HelpConfiguration, Option as ParsedOption } from 'commander'
import type { Output } from '../output/output.ts'
import { type Arguments, type Command, GROUPS, type Option, type Options } from './define-command.ts'

/** What was found on the command line. */
export type Chosen = (command: Command<Options, Arguments>, given: { flags: Record<string, never>; args: string[] }) => Promise<void>

const GENERAL = 'Records every tick of your Interactive Brokers contracts and gives it back live or from history.'
const MORE = 'ib-stream <command> --help has examples. Exit statuses and everything else: docs/reference/cli.md'

/**
 * The parser of some commands. commander was taken of the well-kept ones: it has no dependencies, loads in under 10 ms (yargs and oclif take several times as long), and was here from
 * the start. `util.parseArgs` has no help, no sub-commands and no suggestions.
 */
export function buildProgram(commands: readonly Command<Options, Arguments>[], version: string, out: Output, chosen: Chosen): Commander {
  const program = new Commander('ib-stream')
  program
    .description(GENERAL)
    .version(version, '-V, --version', 'the version')
    .exitOverride()
    .configureHelp(stylesOf(out))
    .configureOutput({ writeOut: (words) => void out.write(words), writeErr: (words) => void out.err.write(words) })
    .showHelpAfterError('(--help lists what there is)')
    .addHelpText('after', `\n${MORE}`)
  const groups = new Map<string, Commander>()
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ')
    if (second === undefined) addCommand(program, first, command, out, chosen)
    else {
      let group = groups.get(first)
      if (!group) {
        group = program
          .command(first)
          .description(GROUP_SUMMARIES[first] ?? first)
          .exitOverride()
          .helpGroup(`${GROUPS[command.group]}:`)
        groups.set(first, group)
      }
      addCommand(group, second, command, out, chosen)
    }
  }
  return program
}

/** Of names that stand for several commands. */
export const GROUP_SUMMARIES: Readonly<Record<string, string>> = {
  contracts: 'what IB says of contracts: lookup, show, hours, status, schedule',
  tracked: 'what is recorded by itself: list, add, remove',
  config: 'settings as they count: show, check',
  services: 'the programs that "up" runs: status, restart, logs',
  keys: 'API keys: add, list, rotate, remove',
}

function addCommand(parent: Commander, name: string, command: Command<Options, Arguments>, out: Output, chosen: Chosen): void {
  const parsed = parent
    .command(name)
    .description(`${capital(command.summary)}.`)
    .summary(command.summary)
  parsed.helpGroup(`${GROUPS[command.group]}:`).exitOverride().allowExcessArguments(false)
  for (const argument of Object.values(command.args ?? {})) {
    parsed.argument(argument.form, argument.choices ? `${argument.doc}: ${argument.choices.join(', ')}` : argument.doc)
  }
  for (const option of Object.values(command.options ?? {})) parsed.addOption(parsedOption(option))
  if (command.passThrough) parsed.allowUnknownOption().helpOption(false).argument('[flags...]')
  else parsed.addHelpText('after', () => examplesText(command, out))
  parsed.action(async () => {
    await chosen(command, { flags: parsed.opts(), args: command.passThrough ? parsed.args : [...parsed.processedArgs] })
  })
}

function parsedOption(option: Option): ParsedOption {
  const words = [option.doc, ...(option.choices ? [option.choices.join(', ')] : [])].join(': ')
  const parsed = new ParsedOption(option.flags, `${words}${defaultText(option)}`)
  parsed.required = option.flags.includes('<')
  if (option.required) parsed.makeOptionMandatory()
  if (option.many) parsed.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text])
  return parsed
}

function defaultText({ shown, fallback }: Option): string {
  const words = shown ?? (fallback === undefined || Array.isArray(fallback) ? undefined : String(fallback))
  return words === undefined ? '' : ` (default: ${words})`
}

function examplesText({ examples, statuses = {} }: Command<Options, Arguments>, out: Output): string {
  const lines = examples.map(({ run, does }) => `  ${out.paint('dim', `# ${does}`)}\n  ib-stream ${run}`)
  const own = Object.entries(statuses).map(([status, means]) => `  ${status}  ${means}`)
  const head = (words: string) => `\n${out.paint('bold', words)}\n`
  return `${head('Examples:')}${lines.join('\n')}\n${own.length > 0 ? `${head('Exit status:')}${own.join('\n')}\n` : ''}`
}

const stylesOf = (out: Output): HelpConfiguration => ({
  helpWidth: Math.min(out.columns === Number.POSITIVE_INFINITY ? 100 : out.columns, 120),
  minWidthToWrap: 20,
  styleTitle: (words) => out.paint('bold', words),
  styleCommandText: (words) => out.paint('cyan', words),
  styleSubcommandText: (words) => out.paint('cyan', words),
  styleOptionText: (words) => out.paint('green', words),
  styleArgumentText: (words) => out.paint('yellow', words),
})

const capital = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}`
