import type { Call } from '../command/define-command.ts'
import { runProgram } from './program.ts'

export const run = ({ passed }: Call): Promise<number> => runProgram('services/ingest/src/capture/replay-main.ts', passed)
