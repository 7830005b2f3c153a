import { type Argument, type Arguments, type Command, GROUPS, type Option, type Options, STATUSES } from './define-command.ts'

type AnyCommand = Command<Options, Arguments>

/** Parts of docs/reference/cli.md that are made from the commands, by their names. The words between them are people's. */
export function referenceParts(commands: readonly AnyCommand[]): Map<string, string> {
  const parts = new Map([
    ['all commands', overview(commands)],
    ['exit statuses', statusTable(STATUSES)],
  ])
  for (const command of commands) parts.set(command.name, sectionOf(command))
  return parts
}

function overview(commands: readonly AnyCommand[]): string {
  const groups = Object.entries(GROUPS).map(([key, title]) => {
    const rows = commands
      .filter(({ group }) => group === key)
      .map(({ name, summary }) => `| [\`${name}\`](#${anchorOf(name)}) | ${summary} |`)
    return rows.length === 0 ? '' : `| ${title} | |\n|---|---|\n${rows.join('\n')}\n`
  })
  return groups.filter((group) => group !== '').join('\n')
}

const anchorOf = (name: string): string => name.replaceAll(' ', '-')

function sectionOf(command: AnyCommand): string {
  const { name, args = {}, options = {}, passThrough, examples, statuses } = command
  const words = [name, ...Object.values(args).map(({ form }) => form), ...(passThrough ? ['[flags…]'] : [])]
  const usage = `./ib-stream ${words.join(' ')}${Object.keys(options).length > 0 ? ' [options]' : ''}`
  const rows = [...Object.values(args).map(argumentRow), ...Object.values(options).map(optionRow)]
  const table = rows.length === 0 ? '' : `\n| | meaning | default |\n|---|---|---|\n${rows.join('\n')}\n`
  const lines = examples.map(({ run, does }) => `./ib-stream ${run}   # ${does}`)
  const own = statuses === undefined ? '' : `\n${statusTable(statuses)}`
  return `\`\`\`\n${usage}\n\`\`\`\n${table}\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n${own}`
}

const escaped = (words: string): string => words.replaceAll('|', '\\|')
const choicesText = (choices: readonly string[] | undefined): string =>
  choices === undefined ? '' : `: ${choices.map((choice) => `\`${choice}\``).join(', ')}`

const argumentRow = ({ form, doc, choices }: Argument): string => `| \`${form}\` | ${escaped(doc)}${choicesText(choices)} | |`

function optionRow(option: Option): string {
  const { flags, doc, choices, shown, fallback, required } = option
  const fixed = fallback === undefined || Array.isArray(fallback) ? '' : `\`${String(fallback)}\``
  return `| \`${flags}\` | ${escaped(doc)}${choicesText(choices)} | ${required ? 'required' : (shown ?? fixed)} |`
}

const statusTable = (statuses: Readonly<Record<number, string>>): string =>
  `| status | |\n|---|---|\n${Object.entries(statuses)
    .map(([status, means]) => `| ${status} | ${means} |`)
    .join('\n')}\n`
