import { codeOf } from '@ib-stream/model'
import { ServiceError } from '@ib-stream/service'
import type { FastifyInstance } from 'fastify'

/**
 * Listens. Closing waits for answers under way.
 * @returns the address as a URL
 * @throws ServiceError `IBS_SERVICE_PORT_TAKEN`
 */
export async function listen(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    if (codeOf(cause) !== 'EADDRINUSE') throw cause
    throw new ServiceError(
      'IBS_SERVICE_PORT_TAKEN',
      `port ${port} on ${host} is in use; stop the other program or choose another PORT`,
      { host, port },
      { cause },
    )
  }
}
