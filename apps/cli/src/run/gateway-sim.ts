import type { Call } from '../command/define-command.ts'
import { runProgram } from './program.ts'

export const run = ({ passed }: Call): Promise<number> => runProgram('libs/gateway-sim/src/main.ts', passed)
