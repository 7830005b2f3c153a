import { cut, garbage, logoff, mute, refuse, restart, split } from './connection-faults.ts'
import type { FaultKind } from './fault-kind.ts'
import { burst, halt } from './market-faults.ts'
import { competing, connectivity, farm, notice, offset } from './notice-faults.ts'
import { afterCancel, clock, deaf, deny, lines } from './request-faults.ts'

/** Everything that can be ordered, by the name in `{"fault": …}`. */
export const FAULT_KINDS: ReadonlyMap<string, FaultKind> = new Map<string, FaultKind>(
  Object.entries({
    mute,
    split,
    cut,
    refuse,
    restart,
    logoff,
    garbage,
    connectivity,
    farm,
    offset,
    competing,
    notice,
    deny,
    lines,
    deaf,
    'after-cancel': afterCancel,
    clock,
    halt,
    burst,
  }) as [string, FaultKind][],
)
