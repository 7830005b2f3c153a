import type { TrackedContract } from '@ib-stream/model'
import { z } from 'zod'
import { parseClockStart } from './clock.ts'
import { parseRetention, RETENTION_FORM, type RetentionSetting } from './retention-setting.ts'
import { parseTrackedContracts } from './tracked-contracts.ts'

export const port = z.coerce.number().int('a whole number').min(0, 'from 0 to 65535').max(65_535, 'from 0 to 65535')
export const wholeMs = z.coerce.number().int('a whole number of milliseconds').min(50, 'at least 50 ms').max(600_000, 'at most 600000 ms')

export const duration = z.string().regex(/^\d{1,6}[smhd]$/, 'a whole number and s, m, h or d, e.g. 24h')

/** Name, IPv4 or IPv6 address; a port behind it is a common slip, and the name would then not be found. */
export const host = (example: string) =>
  z.string().regex(/^([\w.-]+|[\da-f]*:[\da-f:.]+(%\w+)?)$/i, `a host name or an address without a port, e.g. ${example}`)

export const natsServers = z.string().refine(
  (text) =>
    text.split(',').every((part) => {
      const url = part.trim().includes('://') ? part.trim() : `nats://${part.trim()}`
      return URL.canParse(url) && /^(nats|tls|wss?):$/.test(new URL(url).protocol) && new URL(url).hostname !== ''
    }),
  'nats://host:port or tls://host:port, several separated by commas',
)

const BACKEND_NAMES = ['json', 'pb', 'parquet'] as const

export const portList = z.string().transform((text, context) => {
  const ports = text.split(',').map((part) => Number(part.trim()))
  if (ports.every((one) => Number.isInteger(one) && one > 0 && one < 65_536)) return ports
  context.addIssue('port numbers separated by commas, e.g. 4002,4001')
  return z.NEVER
})

export const backendList = z.string().transform((text, context) => {
  const names = text.split(',').map((part) => part.trim())
  if (names.length > 0 && names.every((name) => (BACKEND_NAMES as readonly string[]).includes(name)))
    return [...new Set(names)] as (typeof BACKEND_NAMES)[number][]
  context.addIssue(`names from ${BACKEND_NAMES.join(', ')}, separated by commas`)
  return z.NEVER
})

export const trackedContracts = z.string().transform((text, context): readonly TrackedContract[] => {
  const { contracts, problems } = parseTrackedContracts(text)
  for (const problem of problems) context.addIssue(problem)
  return contracts
})

export const retention = z.string().transform((text, context): RetentionSetting => {
  const setting = parseRetention(text)
  if (setting) return setting
  context.addIssue(RETENTION_FORM)
  return z.NEVER
})

export const restartTime = z.string().transform((text, context) => {
  const [, hours, minutes, zone = Intl.DateTimeFormat().resolvedOptions().timeZone] =
    /^([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?$/.exec(text) ?? []
  if (hours !== undefined && isZone(zone)) return { minuteOfDay: Number(hours) * 60 + Number(minutes), zone }
  context.addIssue('HH:MM, optionally a blank and an IANA time zone, e.g. 23:45 America/New_York')
  return z.NEVER
})

export const originList = z.string().transform((text, context): readonly string[] => {
  const origins = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const wrong = origins.filter((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
  if (wrong.length === 0) return origins
  context.addIssue(`origins separated by commas, without a path, e.g. https://example.com; not ${wrong.join(', ')}`)
  return z.NEVER
})

export const hostList = z.string().transform((text, context): readonly string[] | 'any' => {
  const names = text
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')
  if (names.includes('*')) return 'any'
  const wrong = names.filter((name) => !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name))
  if (wrong.length === 0) return names
  context.addIssue(`host names separated by commas, without a port, e.g. ticks.example.com, or *; not ${wrong.join(', ')}`)
  return z.NEVER
})

export const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket: 3 to 63 small letters, digits, dots and hyphens, e.g. my-ticks')

export const keyPrefix = z.string().transform((text, context): string => {
  const parts = text.split('/').filter((part) => part !== '')
  if (parts.every((part) => /^[\w.=-]+$/.test(part) && part !== '.' && part !== '..')) return parts.map((part) => `${part}/`).join('')
  context.addIssue('names of letters, digits and ._=-, separated by /, e.g. desk-1/ticks')
  return z.NEVER
})

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

export const clockStart = z.string().transform((text, context) => {
  const start = parseClockStart(text, Date.now())
  if (start) return start
  context.addIssue(
    'an ISO time with its zone, e.g. 2025-07-30T13:00:00Z, optionally @ and the real moment (ms since 1970) at which it begins',
  )
  return z.NEVER
})
