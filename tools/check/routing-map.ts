import { BUS_PERMISSIONS, VIEWER } from '../../libs/bus/src/security/bus-users.ts'

/** Subjects of our own that somebody may publish to or listen to: the server holds every service to that list, so nothing else is in use. */
export const SUBJECTS = [
  ...new Set([...Object.values(BUS_PERMISSIONS), VIEWER].flatMap(({ publish, subscribe }) => [...publish, ...subscribe])),
].filter((subject) => !/^[$_]/.test(subject))

/** What the table of messages in the component analysis lacks, and what it has too much. */
export function routingMapProblems(path: string, page: string): string[] {
  const table = /^\| message \| subject \|.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? ''
  const cells = table.split('\n').map((row) => row.split('|')[2] ?? '')
  const mapped = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
  const pattern = (name: string) => name.replaceAll(/<\w+>/g, '*')
  return [
    ...SUBJECTS.filter((subject) => !mapped.some((name) => overlap(pattern(name), subject))).map(
      (subject) => `${path}: no row of the message routing has ${subject}`,
    ),
    ...mapped
      .filter((name) => !SUBJECTS.some((subject) => overlap(pattern(name), subject)))
      .map((name) => `${path}: the message routing has ${name}, to which nobody may publish or listen`),
  ]
}

/** Whether one subject can fit both patterns (`*`: one token, `>`: one or more). */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split('.'), other.split('.')]
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]]
    if (x === undefined || y === undefined) return false
    if (x === '>' || y === '>') return true
    if (x !== y && x !== '*' && y !== '*') return false
  }
  return true
}
