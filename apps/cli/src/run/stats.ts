import type { StorageStats, StorageStatus } from '@ib-stream/client'
import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/stats.ts'
import { type Column, tableOf } from '../output/table.ts'
import { bytesText, countText } from '../output/units-text.ts'

type Row = Omit<StorageStats['backends'][string], 'streams'> & { name: string }

const COLUMNS: readonly Column<Row>[] = [
  { head: 'of', cell: ({ name }) => name, style: () => 'cyan' },
  { head: 'files', cell: ({ files }) => countText(files), align: 'right' },
  { head: 'ticks', cell: ({ ticks }) => (ticks === null ? '–' : countText(ticks)), align: 'right' },
  { head: 'size', cell: ({ bytes }) => bytesText(bytes), align: 'right' },
  { head: 'a tick', cell: ({ bytes_per_tick }) => (bytes_per_tick === null ? '–' : `${bytes_per_tick} B`), align: 'right' },
  { head: '+ 24 h', cell: ({ last_24_hours }) => bytesText(last_24_hours.bytes), align: 'right' },
  { head: '+ 7 d', cell: ({ last_7_days }) => bytesText(last_7_days.bytes), align: 'right' },
  { head: 'since', cell: ({ first_hour }) => first_hour?.slice(0, 13).replace('T', ' ') ?? '–' },
]

export async function run({ args, flags, out, signal, env }: Call<typeof command>): Promise<void> {
  const client = await openClient(flags, env)
  const ask = async <Answer>(template: string, query = {}) => (await (await client.request({ template, query, signal })).json()) as Answer
  const [stats, status] = await Promise.all([
    ask<StorageStats>('/v3/storage/stats', { contracts: args.contract }),
    ask<StorageStatus>('/storage/status'),
  ])
  if (flags.json) return out.json({ ...stats, disk: status.disk })
  const rows = Object.entries(stats.backends).flatMap(([backend, { streams, ...sums }]): Row[] => [
    ...(args.contract === undefined ? [{ ...sums, name: backend }] : []),
    ...(flags.streams || args.contract !== undefined
      ? streams.map((stream) => ({ ...stream, name: `${backend} ${stream.contract_id} ${stream.tick_type}` }))
      : []),
  ])
  await out.write(tableOf(out, COLUMNS, rows))
  out.line(diskText(status, stats))
}

const DAYS_A_WEEK = 7

/** At the pace of the last week, or of the last day where nothing is older. */
function diskText({ disk }: StorageStatus, { backends }: StorageStats): string {
  const sum = (field: 'last_24_hours' | 'last_7_days') => Object.values(backends).reduce((total, one) => total + one[field].bytes, 0)
  const [day, week] = [sum('last_24_hours'), sum('last_7_days')]
  const dailyBytes = week > day ? week / DAYS_A_WEEK : day
  const lasts =
    dailyBytes > 0 ? `; at ${bytesText(dailyBytes)} a day it lasts ${countText(Math.floor(disk.free_bytes / dailyBytes))} days` : ''
  return `disk: ${bytesText(disk.free_bytes)} of ${bytesText(disk.total_bytes)} free (${disk.free_percent} %)${lasts}`
}
