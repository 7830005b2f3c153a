import { adminSubject, serveAdmin } from '@ib-stream/bus'
import { parseJob } from '@ib-stream/storage'
import type { PartitionOptions, PartitionWriter } from './partition-writer.ts'

/** Takes work on the files of a partition for as long as it is owned here: only its owner may change them. */
export function serveOwner(owner: Pick<PartitionWriter, 'doJob'>, { bus, codec, partition }: PartitionOptions): { close(): void } {
  return serveAdmin(bus, adminSubject(codec.backend, partition), (request, say) => owner.doJob(parseJob(request), say))
}
