import { BUS_PERMISSIONS, BUS_USERS, makes, type Permissions, reads, readsBucket, VIEWER } from '../../libs/bus/src/security/bus-users.ts'
import { BUCKETS, EVENTS, INVALID, TICKS } from '../../libs/bus/src/stream-configs.ts'

/** What a person calls a group of subjects; the widest first. */
const GROUPS: readonly { name: string; subjects: readonly string[] }[] = [
  ...BUCKETS.map((bucket) => ({ name: `read bucket \`${bucket}\``, subjects: readsBucket(bucket) })),
  ...[TICKS, EVENTS].map((stream) => ({ name: `read \`${stream}\``, subjects: reads(stream) })),
  ...[TICKS, EVENTS, INVALID, ...BUCKETS.map((bucket) => `KV_${bucket}`)].map((stream) => ({
    name: `make \`${stream}\``,
    subjects: makes(stream),
  })),
]

const OWN_SERVICE = /^\$SRV\.(PING|INFO|STATS)/

/** The rows of the table of users, as docs/reference/nats.md has it. */
export function busTable(): string {
  const rows = BUS_USERS.map((user) => row(`\`${user}\``, BUS_PERMISSIONS[user]))
  return [...rows, row('nobody (no key)', VIEWER)].map((line) => `${line}\n`).join('')
}

function row(user: string, { publish, subscribe }: Permissions): string {
  return `| ${user} | ${named(publish)} | ${named(subscribe)} |`
}

function named(subjects: readonly string[]): string {
  const groups = GROUPS.filter((group) => group.subjects.every((subject) => subjects.includes(subject)))
  const rest = subjects.filter((subject) => !groups.some((group) => group.subjects.includes(subject)))
  const found = rest.filter((subject) => OWN_SERVICE.test(subject))
  const names = [
    ...groups.map(({ name }) => name),
    ...rest.filter((subject) => !found.includes(subject)).map((subject) => `\`${subject}\``),
  ]
  return [...names, ...(found.length > 0 ? ['`$SRV` for itself'] : [])].join(', ') || '–'
}
