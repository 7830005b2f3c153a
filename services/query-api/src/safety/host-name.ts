import { isIP } from 'node:net'
import { QueryError } from '../errors.ts'

/** Names besides its addresses by which a server may be asked, in small letters; `any`: all. */
export type HostNames = readonly string[] | 'any'

/**
 * A web page can have its own name point at this machine, and then ask a server here as if it were its own (DNS rebinding). Where no key keeps it out, the name does:
 * an address, `localhost`, a name without a dot (which nobody can register), or one that was set.
 * @throws QueryError `IBS_QUERY_HOST_REFUSED`
 */
export function assertHost(header: string | undefined, names: HostNames): void {
  if (names === 'any' || header === undefined) return // whoever sends none is no browser
  const name = header.replace(/:\d*$/, '').toLowerCase()
  const address = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  if (isIP(address) > 0 || !name.includes('.') || name.endsWith('.localhost') || names.includes(name)) return
  throw new QueryError('IBS_QUERY_HOST_REFUSED', `"${name}" is not a name of this server; use its address, or add the name to API_HOSTS`, {
    field: 'Host',
    value: header,
    allowed: ['an IP address', 'localhost', ...names],
  })
}
