import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface NtpAnswer {
  server: string
  /** Our time minus the server's, ms. */
  offsetMs: number
  /** The way there and back, ms: the offset is known to half of it. */
  delayMs: number
  stratum: number
}

const NTP_PORT = 123
const PACKET_BYTES = 48
/** Version 4, mode client (RFC 5905, figure 8). */
const CLIENT_V4 = 0x23
/** NTP counts from 1900. */
const SECONDS_1900_TO_1970 = 2_208_988_800
const [RECEIVED_AT, SENT_AT] = [32, 40]

/**
 * One question to a time server. Offset and delay as RFC 5905, section 8: θ = ((T2 − T1) + (T3 − T4)) / 2, δ = (T4 − T1) − (T3 − T2); ours is −θ.
 * @throws Error where it does not answer in time; `signal.reason`
 */
export async function askNtp(server: string, { withinMs, signal }: { withinMs: number; signal: AbortSignal }): Promise<NtpAnswer> {
  const [host = '', port] = server.split(':')
  const socket = createSocket('udp4')
  try {
    const packet = Buffer.alloc(PACKET_BYTES)
    packet[0] = CLIENT_V4
    const sentMs = Date.now() // not by the time since our start: the clock may have been set since
    socket.send(packet, port === undefined ? NTP_PORT : Number(port), host)
    const ends = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
    const [answer] = (await once(socket, 'message', { signal: ends })) as [Buffer]
    const gotMs = Date.now()
    const [receivedMs, answeredMs] = [stampMs(answer, RECEIVED_AT), stampMs(answer, SENT_AT)]
    const offsetMs = (sentMs - receivedMs + (gotMs - answeredMs)) / 2
    return { server, offsetMs, delayMs: gotMs - sentMs - (answeredMs - receivedMs), stratum: answer[1] ?? 0 }
  } catch (cause) {
    signal.throwIfAborted()
    throw new Error(`${server} does not answer within ${withinMs / 1_000} s`, { cause })
  } finally {
    socket.close()
  }
}

const stampMs = (packet: Buffer, at: number): number =>
  (packet.readUInt32BE(at) - SECONDS_1900_TO_1970) * 1_000 + (packet.readUInt32BE(at + 4) / 2 ** 32) * 1_000
