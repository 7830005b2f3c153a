import { trackedCid } from '@ib-stream/model'
import type { Config } from '@ib-stream/service'
import { type Finding, fail, ok, skipped, warn } from './finding.ts'
import { openProbe, type Probe, type ProbeFailure } from './gateway-probe.ts'

export interface GatewayCheck {
  config: Config
  /** `asks for ticks`: also tries the permissions. IB counts requests for a contract, so never before ingest starts or while it runs. */
  depth: 'asks for ticks' | 'looks only'
  withinMs: number
}

/** Ingest has the configured id; ours is beside it, so both can be connected. */
const OWN_CLIENT_ID_ABOVE = 30_000

const REMEDIES: Readonly<Record<ProbeFailure, string>> = {
  refused:
    'start IB Gateway or TWS and log in; in its API settings enable "ActiveX and Socket Clients", and hold its socket port to IB_PORTS',
  unreachable: 'hold IB_HOST to the machine of the gateway, and look at firewalls between',
  closed_at_once: 'add this machine to "Trusted IPs" in the API settings of the gateway, or, on the same machine, use IB_HOST=127.0.0.1',
  silent: 'look at the gateway: it is not logged in, a dialog waits to be answered, or the API is not enabled',
  client_id_in_use: 'another program has this client id: stop it, or set another IB_CLIENT_ID',
  no_gateway: 'something else has this port: hold IB_PORTS to the port in the API settings of the gateway',
}

/** Whether the gateway is there and takes us, what time it has, and whether it gives ticks. */
export async function checkGateway({ config, depth, withinMs }: GatewayCheck): Promise<Finding[]> {
  const { host, ports, clientId } = config.gateway
  let last: { failure: ProbeFailure; text: string } | undefined
  for (const port of ports) {
    const probe = await openProbe({ host, port, clientId: OWN_CLIENT_ID_ABOVE + (clientId % 2_000), withinMs })
    if ('failure' in probe) {
      if (last === undefined || last.failure === 'refused') last = probe // what answered at all tells more than a port where nobody is
      continue
    }
    using session = probe
    return [
      ok('gateway', `${host}:${port} takes us, protocol ${session.serverVersion}`),
      await checkTime(session, withinMs),
      ...checkNotices(session),
      ...(depth === 'asks for ticks' ? await checkPermissions(session, config, withinMs) : []),
    ]
  }
  if (last === undefined) return [fail('gateway', 'no port is configured', 'set IB_PORTS')]
  const remedy = `${REMEDIES[last.failure]} (${ports.join(', ')})`
  return [fail('gateway', last.text, remedy)]
}

const CURRENT_TIME = '49'
/** IB tells whole seconds. */
const MOST_OFF_SECONDS = 2

async function checkTime(session: Probe, withinMs: number): Promise<Finding> {
  session.send(CURRENT_TIME, 1)
  const answer = await session.next((fields) => fields[0] === CURRENT_TIME, withinMs)
  if (!answer) return fail('gateway', 'it takes us and answers nothing', 'restart IB Gateway; it hangs')
  const offSeconds = Math.round(Date.now() / 1_000 - Number(answer[2]))
  if (Math.abs(offSeconds) <= MOST_OFF_SECONDS) return ok('clock', `as IB's, within ${MOST_OFF_SECONDS} s`)
  const words = `${Math.abs(offSeconds)} s ${offSeconds > 0 ? 'ahead of' : 'behind'} IB's`
  return fail('clock', words, 'have this clock set by NTP: install chrony, or "timedatectl set-ntp true"')
}

const CONNECTIVITY_LOST = [1100, 2110]
const FARM_BROKEN = [2103, 2105, 2157]

function checkNotices({ notices }: Probe): Finding[] {
  return notices.flatMap(({ code, text }) => {
    if (CONNECTIVITY_LOST.includes(code))
      return [fail('gateway', `${text} (${code})`, 'look at the internet connection of the gateway; it comes back by itself')]
    if (FARM_BROKEN.includes(code)) return [warn('gateway', `${text} (${code})`, 'it mostly comes back by itself; else restart IB Gateway')]
    return []
  })
}

const TICKS = 97
const CANCEL_TICKS = 98
const TICK = '99'
const ERROR_MESSAGE = '4'
const REQUEST_ID = 1
const PERMISSION_CODES = [354, 10_089, 10_186, 10_189]
const COMPETING = 10_197
const NO_LINE = 10_190

/** Asks for mid points, which nobody records usually, of the first contract that is tracked by its id. */
async function checkPermissions(session: Probe, config: Config, withinMs: number): Promise<Finding[]> {
  const cid = config.tracked.map(trackedCid).find((one) => one !== undefined)
  if (cid === undefined) return [skipped('market data', 'no contract is tracked by its id')]
  session.send(TICKS, REQUEST_ID, cid, '', '', '', '', '', '', 'SMART', '', '', '', '', 'MidPoint', 0, 0)
  const isOurs = (fields: readonly string[]) => fields[0] === ERROR_MESSAGE && Number(fields[2]) === REQUEST_ID
  const answer = await session.next((fields) => (fields[0] === TICK && Number(fields[1]) === REQUEST_ID) || isOurs(fields), withinMs)
  session.send(CANCEL_TICKS, REQUEST_ID)
  if (!answer)
    return [
      warn('market data', `${cid} is not refused, but gives nothing now`, 'fine while its market is closed; else look at the gateway'),
    ]
  if (!isOurs(answer)) return [ok('market data', `${cid} gives ticks`)]
  const [code, text] = [Number(answer[3]), answer[4] ?? '']
  const words = `${cid}: ${text} (${code})`
  if (PERMISSION_CODES.includes(code))
    return [
      fail(
        'market data',
        words,
        "subscribe to its market data in IB's Client Portal, and share it with this user; then restart IB Gateway",
      ),
    ]
  if (code === COMPETING)
    return [
      fail('another login', words, 'log the same user out elsewhere (TWS, mobile, Client Portal), or use a second user for the gateway'),
    ]
  if (code === NO_LINE) return [fail('lines', words, 'set IB_STREAM_LINES to the lines of the account, or track less')]
  return [fail('market data', words, 'look at the contract with "ib-stream contracts show"')]
}
