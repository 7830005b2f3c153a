import { codeOf } from '@ib-stream/model'
import type { Call } from '../command/define-command.ts'

const BROKE_OFF = 1

/**
 * Says that an answer that had begun did not come to its end.
 * @param lost what that means for what was written
 * @returns the exit status
 * @throws the error where it was not the server: Ctrl-C, or the system does not take what is written
 */
export function brokeOff(
  error: unknown,
  { out, signal }: Pick<Call, 'out' | 'signal'>,
  lost = 'what was written so far is incomplete',
): typeof BROKE_OFF {
  if (signal.aborted || codeOf(error)?.startsWith('E')) throw error
  out.say(`the answer broke off (${Error.isError(error) ? error.message : String(error)}); ${lost}`)
  return BROKE_OFF
}
