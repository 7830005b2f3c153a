/**
 * Places at which a test ends or stops this process, named after the steps of the design's model. `IB_STREAM_FAIL_POINT` is read once, at the start:
 * `kill rename it to durable` is kill -9 just before the first time, `kill 3 rename it to durable` before the third, `pause …` is SIGSTOP instead.
 * Without the variable a label costs one call of an empty function.
 */
export interface FailPoint {
  action: 'kill' | 'pause'
  /** Counted from 1. */
  time: number
  label: string
}

/** The fail-point in a setting; undefined where there is none. @throws Error for a text that is none: a test that stops nothing proves nothing */
export function parseFailPoint(setting: string | undefined): FailPoint | undefined {
  if (setting === undefined || setting === '') return undefined
  const found = /^(kill|pause)(?: (\d+))? (\D.*)$/.exec(setting)
  if (!found) throw new Error(`IB_STREAM_FAIL_POINT=${setting}: write "kill LABEL", "kill N LABEL" or "pause N LABEL"`)
  const [, action, time = '1', label = ''] = found
  return { action: action === 'kill' ? 'kill' : 'pause', time: Number(time), label }
}

const SIGNALS = { kill: 'SIGKILL', pause: 'SIGSTOP' } as const

function stopAt({ action, time, label }: FailPoint): (reached: string) => void {
  let times = 0
  return (reached) => {
    if (reached === label && ++times === time) process.kill(process.pid, SIGNALS[action])
  }
}

const wanted = parseFailPoint(process.env.IB_STREAM_FAIL_POINT)

/** False in every process that is no test's victim: then nothing needs to be watched. */
export const failPointIsSet = wanted !== undefined

/** Says that the step `label` comes next. */
export const failPoint: (label: string) => void = wanted ? stopAt(wanted) : () => undefined
