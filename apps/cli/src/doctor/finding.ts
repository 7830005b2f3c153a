/** What was looked at, and what was found. */
export interface Finding {
  about: string
  /** `warn`: it works, with a limit; `fail`: nothing, or not all, would be recorded; `skipped`: it could not be looked at. */
  state: 'ok' | 'warn' | 'fail' | 'skipped'
  found: string
  /** What a person should do. */
  remedy?: string
}

export const ok = (about: string, found: string): Finding => ({ about, state: 'ok', found })
export const warn = (about: string, found: string, remedy: string): Finding => ({ about, state: 'warn', found, remedy })
export const fail = (about: string, found: string, remedy: string): Finding => ({ about, state: 'fail', found, remedy })
export const skipped = (about: string, found: string): Finding => ({ about, state: 'skipped', found })
