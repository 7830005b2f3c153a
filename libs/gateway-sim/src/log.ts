/** How loud a log line is. */
export type LogLevel = 'info' | 'warn' | 'error'

/** Receives the simulator's state changes; never called for single ticks. */
export type Log = (level: LogLevel, msg: string, facts?: Readonly<Record<string, unknown>>) => void

/** Writes each entry as one JSON line: level, msg, the facts, `time` in ms since 1970. */
export function jsonLinesLog(write: (line: string) => void): Log {
  return (level, msg, facts) => write(`${JSON.stringify({ level, msg, ...facts, time: Date.now() })}\n`)
}

/** Says nothing: the default inside tests. */
export const silentLog: Log = () => {}
