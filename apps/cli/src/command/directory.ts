import type { Arguments, Command, Options, Run } from './define-command.ts'

type AnyCommand = Command<Options, Arguments>

/** A command that is not loaded yet: its description is light, its work may not be. */
export interface Entry {
  name: string
  describe(): Promise<AnyCommand>
  work(): Promise<Run<AnyCommand>>
}

/** Holds the two halves of a command to each other's types. */
function entry<O extends Options, A extends Arguments>(
  name: string,
  describe: () => Promise<Command<O, A>>,
  work: () => Promise<Run<Command<O, A>>>,
): Entry {
  return { name, describe: describe as Entry['describe'], work: work as unknown as Entry['work'] }
}

/** All commands, in the order of `--help`. */
export const DIRECTORY: readonly Entry[] = [
  entry(
    'up',
    async () => (await import('../commands/up.ts')).command,
    async () => (await import('../run/up.ts')).run,
  ),
  entry(
    'tail',
    async () => (await import('../commands/tail.ts')).command,
    async () => (await import('../run/tail.ts')).run,
  ),
  entry(
    'query',
    async () => (await import('../commands/query.ts')).command,
    async () => (await import('../run/query.ts')).run,
  ),
  entry(
    'export',
    async () => (await import('../commands/export.ts')).command,
    async () => (await import('../run/export.ts')).run,
  ),
  entry(
    'replay',
    async () => (await import('../commands/replay.ts')).command,
    async () => (await import('../run/replay.ts')).run,
  ),
  entry(
    'study',
    async () => (await import('../commands/study.ts')).command,
    async () => (await import('../run/study.ts')).run,
  ),
  entry(
    'bars',
    async () => (await import('../commands/bars.ts')).command,
    async () => (await import('../run/bars.ts')).run,
  ),
  entry(
    'contracts lookup',
    async () => (await import('../commands/contracts.ts')).lookup,
    async () => (await import('../run/contracts.ts')).lookup,
  ),
  entry(
    'contracts show',
    async () => (await import('../commands/contracts.ts')).show,
    async () => (await import('../run/contracts.ts')).show,
  ),
  entry(
    'contracts hours',
    async () => (await import('../commands/contracts.ts')).hours,
    async () => (await import('../run/contracts.ts')).hours,
  ),
  entry(
    'contracts status',
    async () => (await import('../commands/contracts.ts')).status,
    async () => (await import('../run/contracts.ts')).status,
  ),
  entry(
    'contracts schedule',
    async () => (await import('../commands/contracts.ts')).schedule,
    async () => (await import('../run/contracts.ts')).schedule,
  ),
  entry(
    'tracked list',
    async () => (await import('../commands/tracked.ts')).list,
    async () => (await import('../run/tracked.ts')).list,
  ),
  entry(
    'tracked add',
    async () => (await import('../commands/tracked.ts')).add,
    async () => (await import('../run/tracked.ts')).add,
  ),
  entry(
    'tracked remove',
    async () => (await import('../commands/tracked.ts')).remove,
    async () => (await import('../run/tracked.ts')).remove,
  ),
  entry(
    'import',
    async () => (await import('../commands/import.ts')).command,
    async () => (await import('../run/import.ts')).run,
  ),
  entry(
    'gaps',
    async () => (await import('../commands/gaps.ts')).command,
    async () => (await import('../run/gaps.ts')).run,
  ),
  entry(
    'coverage',
    async () => (await import('../commands/coverage.ts')).command,
    async () => (await import('../run/coverage.ts')).run,
  ),
  entry(
    'backfill',
    async () => (await import('../commands/backfill.ts')).command,
    async () => (await import('../run/backfill.ts')).run,
  ),
  entry(
    'stats',
    async () => (await import('../commands/stats.ts')).command,
    async () => (await import('../run/stats.ts')).run,
  ),
  entry(
    'time',
    async () => (await import('../commands/time.ts')).command,
    async () => (await import('../run/time.ts')).run,
  ),
  entry(
    'verify',
    async () => (await import('../commands/verify.ts')).command,
    async () => (await import('../run/verify.ts')).run,
  ),
  entry(
    'repair',
    async () => (await import('../commands/repair.ts')).command,
    async () => (await import('../run/repair.ts')).run,
  ),
  entry(
    'compare',
    async () => (await import('../commands/compare.ts')).command,
    async () => (await import('../run/compare.ts')).run,
  ),
  entry(
    'sql',
    async () => (await import('../commands/sql.ts')).command,
    async () => (await import('../run/sql.ts')).run,
  ),
  entry(
    'retention',
    async () => (await import('../commands/retention.ts')).command,
    async () => (await import('../run/retention.ts')).run,
  ),
  entry(
    'archive status',
    async () => (await import('../commands/archive.ts')).status,
    async () => (await import('../run/archive.ts')).status,
  ),
  entry(
    'archive fetch',
    async () => (await import('../commands/archive.ts')).fetch,
    async () => (await import('../run/archive.ts')).fetch,
  ),
  entry(
    'config show',
    async () => (await import('../commands/config.ts')).show,
    async () => (await import('../run/config.ts')).show,
  ),
  entry(
    'config check',
    async () => (await import('../commands/config.ts')).check,
    async () => (await import('../run/config.ts')).check,
  ),
  entry(
    'services status',
    async () => (await import('../commands/services.ts')).status,
    async () => (await import('../run/services.ts')).status,
  ),
  entry(
    'services restart',
    async () => (await import('../commands/services.ts')).restart,
    async () => (await import('../run/services.ts')).restart,
  ),
  entry(
    'services logs',
    async () => (await import('../commands/services.ts')).logs,
    async () => (await import('../run/services.ts')).logs,
  ),
  entry(
    'doctor',
    async () => (await import('../commands/doctor.ts')).command,
    async () => (await import('../run/doctor.ts')).run,
  ),
  entry(
    'health',
    async () => (await import('../commands/health.ts')).command,
    async () => (await import('../run/health.ts')).run,
  ),
  entry(
    'keys add',
    async () => (await import('../commands/keys.ts')).add,
    async () => (await import('../run/keys.ts')).add,
  ),
  entry(
    'keys list',
    async () => (await import('../commands/keys.ts')).list,
    async () => (await import('../run/keys.ts')).list,
  ),
  entry(
    'keys rotate',
    async () => (await import('../commands/keys.ts')).rotate,
    async () => (await import('../run/keys.ts')).rotate,
  ),
  entry(
    'keys remove',
    async () => (await import('../commands/keys.ts')).remove,
    async () => (await import('../run/keys.ts')).remove,
  ),
  entry(
    'credentials',
    async () => (await import('../commands/credentials.ts')).command,
    async () => (await import('../run/credentials.ts')).run,
  ),
  entry(
    'completion',
    async () => (await import('../commands/completion.ts')).command,
    async () => (await import('../run/completion.ts')).run,
  ),
  entry(
    'gateway-sim',
    async () => (await import('../commands/gateway-sim.ts')).command,
    async () => (await import('../run/gateway-sim.ts')).run,
  ),
  entry(
    'replay-capture',
    async () => (await import('../commands/replay-capture.ts')).command,
    async () => (await import('../run/replay-capture.ts')).run,
  ),
]

/** Those that a command line may mean: one where it begins with a name, those of a group, else all. */
export function findEntries(argv: readonly string[]): readonly Entry[] {
  const [first = '', second = ''] = argv
  for (const name of [`${first} ${second}`, first]) {
    const found = DIRECTORY.find((one) => one.name === name)
    if (found) return [found]
  }
  const group = DIRECTORY.filter(({ name }) => name.startsWith(`${first} `))
  return group.length > 0 ? group : DIRECTORY
}
