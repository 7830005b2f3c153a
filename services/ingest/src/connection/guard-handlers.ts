type Handlers = Record<string, (...args: never[]) => void>

/** The same handlers, each called within `guard`: one that throws would come out of the library's socket handler and take the process with it. */
export function guarded<H extends { [name in keyof H]: (...args: never[]) => void }>(handlers: H, guard: (work: () => void) => void): H {
  const entries = Object.entries(handlers as Handlers).map(([name, call]) => [name, (...args: never[]) => guard(() => call(...args))])
  return Object.fromEntries(entries) as H
}
