import { resolveContract } from '@ib-stream/bus'
import { natsOf, openBus } from '../bus.ts'
import { CliError } from '../errors.ts'

const ID = /^\d{1,10}$/

/**
 * The id of a contract that may have a name; ingest knows what names mean.
 * @throws CliError `IBS_CLI_CONTRACT_UNKNOWN`, `IBS_CLI_NATS_AWAY`; `signal.reason`
 */
export async function contractIdOf(name: string, { nats, signal }: { nats: string | undefined; signal: AbortSignal }): Promise<number> {
  if (ID.test(name)) return Number(name)
  await using bus = await openBus(await natsOf(nats), signal)
  const answer = await resolveContract(bus, name)
  const [contract] = answer.ok ? answer.contracts : []
  if (contract) return contract.cid
  const why = answer.ok ? 'no such contract; look with "ib-stream contracts lookup"' : answer.message
  throw new CliError('IBS_CLI_CONTRACT_UNKNOWN', `${name}: ${why}`, { name })
}
