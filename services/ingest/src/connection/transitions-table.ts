import { CONNECTION_EVENTS, CONNECTION_STATES, skip, TRANSITIONS } from './transitions.ts'

/** The transitions as a Markdown table, a row for each event: the next state, · where it changes nothing, – where it cannot happen. */
export function transitionsTable(): string {
  const head = ['event', ...CONNECTION_STATES]
  const rows = CONNECTION_EVENTS.map((event) => [`\`${event}\``, ...CONNECTION_STATES.map((state) => cell(TRANSITIONS[state][event]))])
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function cell(outcome: string | symbol): string {
  if (typeof outcome === 'string') return outcome
  return outcome === skip ? '·' : '–'
}
