import type { Argument, Arguments, Command, Option, Options } from './define-command.ts'
import { flagOf } from './read-values.ts'

type AnyCommand = Command<Options, Arguments>

/** Read by zsh through its own layer for bash: one script, tried in one shell, works in both. */
const ZSH_HEAD = 'autoload -Uz compinit && compinit\nautoload -Uz bashcompinit && bashcompinit\n'

/** What a shell reads to complete `ib-stream`, also when it is called as `./ib-stream`. Asks nobody while you type. */
export function completionScript(commands: readonly AnyCommand[], shell: 'bash' | 'zsh'): string {
  const tops = [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))]
  const groups = tops.flatMap((top) => {
    const words = commands.flatMap(({ name }) => (name.startsWith(`${top} `) ? [name.slice(top.length + 1)] : []))
    return words.length === 0 ? [] : [`    ${quoted(top)}) words=${quoted(words.join(' '))} ;;`]
  })
  return `${shell === 'zsh' ? ZSH_HEAD : ''}_ib_stream() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words="" kind=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(`${tops.join(' ')} help --help --version`)} -- "$word"))
    return
  fi
  case "$command" in
${groups.join('\n')}
  esac
  if [ -n "$words" ]; then
    if [ "$COMP_CWORD" -eq 2 ]; then
      COMPREPLY=($(compgen -W "$words" -- "$word"))
      return
    fi
    command="$command \${COMP_WORDS[2]}"
    words=""
  fi
  case "$command $before" in
${commands.flatMap((command) => valueCases(command)).join('\n')}
  esac
  if [ -z "$kind$words" ]; then
    case "$command" in
${commands.map(wordCase).join('\n')}
    esac
    case "$word" in -*) kind="" ;; esac
  fi
  if [ "$kind" = file ]; then COMPREPLY=($(compgen -f -- "$word"))
  elif [ "$kind" = folder ]; then COMPREPLY=($(compgen -d -- "$word"))
  else COMPREPLY=($(compgen -W "$words" -- "$word")); fi
}
complete -o filenames -o bashdefault -F _ib_stream ib-stream ./ib-stream
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** After an option that takes a value: its words, or files. An option whose values nobody can list completes to nothing. */
function valueCases({ name, options = {} }: AnyCommand): string[] {
  return Object.values(options)
    .filter(({ flags }) => flags.includes('<'))
    .map(
      (option) =>
        `    ${namesOf(option)
          .map((flag) => quoted(`${name} ${flag}`))
          .join('|')}) ${completed(option)} ;;`,
    )
}

/** `-t` and `--types`. */
const namesOf = ({ flags }: Option): string[] => flags.match(/(?:^|(?<= ))--?[a-z][a-z-]*/g) ?? []

const completed = ({ choices, completes }: Pick<Option, 'choices' | 'completes'>): string =>
  choices ? `words=${quoted(choices.join(' '))}` : `kind=${completes ?? 'value'}`

/** Elsewhere: options, and the words or files of its arguments. */
function wordCase({ name, options = {}, args = {}, passThrough }: AnyCommand): string {
  const given: Argument[] = Object.values(args)
  const words = [...given.flatMap(({ choices = [] }) => choices), ...Object.values(options).map(flagOf), ...(passThrough ? [] : ['--help'])]
  const kind = given.find(({ completes }) => completes !== undefined)?.completes
  return `      ${quoted(name)}) words=${quoted(words.join(' '))}${kind === undefined ? '' : ` kind=${kind}`} ;;`
}
