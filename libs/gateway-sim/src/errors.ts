/** Codes of what can be wrong before the simulator runs. Never renamed or reused. */
export const SIM_ERROR_CODES = [
  'IBS_SIM_OPTION_INVALID', // an option or flag has a value that the simulator cannot use
  'IBS_SIM_REPLAY_INVALID', // the replay file cannot be read, or a line of it is no v3 tick
  'IBS_SIM_FAULT_INVALID', // an order for a fault names none that there is, or has a wrong setting
  'IBS_SIM_SCENARIO_INVALID', // the scenario file cannot be read, or a step of it is none
] as const

/** One of SIM_ERROR_CODES. */
export type SimErrorCode = (typeof SIM_ERROR_CODES)[number]

/** The one error of this room. The message starts with the code and ends with the remedy; `facts` are for the log. */
export class GatewaySimError extends Error {
  readonly code: SimErrorCode
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: SimErrorCode, text: string, facts: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(`${code}: ${text}`, cause === undefined ? undefined : { cause })
    this.name = 'GatewaySimError'
    this.code = code
    this.facts = facts
  }
}

/** The message of anything thrown; not by `instanceof`, because under Jest Node's own errors are of another realm. */
export function messageOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : String(thrown)
}
