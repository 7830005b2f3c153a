import { Command } from 'commander'
import { registerBackfill } from '../../src/verbs/backfill.ts'
import { registerCompare } from '../../src/verbs/compare.ts'
import { registerCoverage } from '../../src/verbs/coverage.ts'
import { registerGaps } from '../../src/verbs/gaps.ts'
import { registerImport } from '../../src/verbs/import.ts'
import { registerQuery } from '../../src/verbs/query.ts'
import { registerRepair } from '../../src/verbs/repair.ts'
import { registerRetention } from '../../src/verbs/retention.ts'
import { registerTail } from '../../src/verbs/tail.ts'
import { registerVerify } from '../../src/verbs/verify.ts'

/** The verbs as a program of their own, to be run as a process. */
const program = new Command('ib-stream')
registerQuery(program)
registerTail(program)
registerImport(program)
registerVerify(program)
registerRepair(program)
registerCompare(program)
registerGaps(program)
registerCoverage(program)
registerBackfill(program)
registerRetention(program)
void program.parseAsync()
