import type { Bus } from '@ib-stream/bus'
import type { Health } from '@ib-stream/service'
import type { Backend } from '@ib-stream/storage'
import type { History, LiveHub } from '@ib-stream/tape'
import type { ClientBounds } from './clients/client-registry.ts'
import type { ContractDirectory } from './contracts/contract-directory.ts'
import type { QueryMetrics } from './metrics.ts'
import type { AccessLimits } from './safety/access.ts'
import type { HostNames } from './safety/host-name.ts'
import type { KeyFile } from './safety/key-file.ts'
import type { StreamLeases } from './stream/stream-leases.ts'

/** What the routes stand on. */
export interface ServerDeps {
  dataDir: string
  backends: readonly Backend[]
  /** Both undefined until NATS is there; files answer meanwhile. */
  live: { readonly bus: Bus | undefined; readonly hub: LiveHub | undefined }
  contracts: ContractDirectory
  /** API keys; undefined: nobody needs one. */
  keys: KeyFile | undefined
  /** Origins whose pages may read answers. */
  corsOrigins: readonly string[]
  /** Names by which it may be asked. */
  hosts: HostNames
  limits: AccessLimits & ClientBounds
  /** Has what live clients listen to recorded. */
  leases: StreamLeases
  health(): Health
  metricsText(): Promise<string>
  metrics: QueryMetrics
  nowUs(): number
  keepAliveMs: number
  /** How often a WebSocket is asked whether its client is there. */
  pingEveryMs: number
  /** A client that takes nothing for so long is gone, whatever its socket says. */
  drainWithinMs: number
  /** A failure of our own, for the log; `requestId` is what the client was told as `x-request-id`. */
  onFailure(error: unknown, requestId: string): void
  /** Unreadable places in files. */
  onDamage(damage: History['damage']): void
}
