import { ServiceError } from '@ib-stream/service'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/

/**
 * Whoever reaches an open API can read everything and end what others do: beyond this machine it takes a key, or the express word of who runs it.
 * @throws ServiceError `IBS_CONFIG_INVALID`
 */
export function assertProtected({
  host,
  keysFile,
  open,
}: {
  host: string
  keysFile: string | undefined
  open: 'loopback' | 'anywhere'
}): void {
  if (keysFile !== undefined || open === 'anywhere' || LOOPBACK.test(host)) return
  throw new ServiceError(
    'IBS_CONFIG_INVALID',
    `HOST=${host} would let everybody who reaches this address use the API; set API_KEYS_FILE, listen on 127.0.0.1, or set API_OPEN=anywhere if something in front keeps others out`,
    { host },
  )
}
