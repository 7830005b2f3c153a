import { isoFromUs, TICK_TYPES, US_PER_HOUR, US_PER_SECOND, usFromMs } from '@ib-stream/model'
import { type StockFile, takeStock } from '@ib-stream/storage'
import { z } from 'zod'
import { oneOf, wholeNumber } from '../api/parameter.ts'
import { FILES_ERRORS } from '../api/problem-table.ts'
import { defineRoute } from '../api/route.ts'
import { TICK_TYPE_LIST } from '../api/shared-parameters.ts'
import { CONTRACT, CONTRACT_ERRORS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { BACKEND, etagOf, MOST_STAMP, mediaTypeOf, nameOf } from '../files/file-parameters.ts'
import { sendFile } from '../files/send-file.ts'
import { MEDIA_TYPES } from '../history/format.ts'
import { TIME_RANGE, TIME_RANGE_ERRORS, timeRangeOf } from '../history/time-range.ts'

const FILE = z.strictObject({
  name: z.string(),
  backend: z.string(),
  tick_type: z.enum(TICK_TYPES),
  hour: z.string(),
  state: z
    .enum(['closed', 'open', 'unknown', 'differs'])
    .describe(
      'closed: as its manifest says; open: a writer may still add to it; unknown: older than manifests; differs: not as its manifest says',
    ),
  bytes: z.int(),
  ticks: z.int().nullable(),
  first: z.string().nullable().describe('Smallest ts of a closed file'),
  last: z.string().nullable(),
  crc32c: z
    .string()
    .nullable()
    .describe('CRC-32C of the bytes of a closed file, in hexadecimal digits; of parquet null: it has sums inside'),
  modified: z.string(),
  url: z.string().nullable().describe('Where to download it; null while it is open'),
})
const FILES = z
  .strictObject({
    contract_id: z.int(),
    total_files: z.int().describe('Of those listed'),
    total_bytes: z.int(),
    is_whole: z.boolean().describe('false: limit left older ones out'),
    files: z.array(FILE),
  })
  .meta({ id: 'Files' })

const MOST_FILES = 100_000

export const listFiles = defineRoute({
  path: '/v3/storage/files/{cid}',
  id: 'listFiles',
  tag: 'files',
  summary: 'The files of a contract, the newest first',
  description:
    'Without a time all are listed; with one those of the hours that the range touches. Of parquet: sealed hours and days (a day file has the time of its first hour), and the rows that wait to be sealed (.rows, open).',
  pathParameters: { cid: CONTRACT },
  query: {
    backend: { ...BACKEND, default: 'all' },
    tick_types: { ...TICK_TYPE_LIST, default: 'all' },
    ...TIME_RANGE,
    limit: wholeNumber(1, MOST_FILES, { doc: 'Most files.', default: '1000' }),
  },
  answers: { 200: { doc: 'What lies there.', content: { 'application/json': FILES } } },
  errors: [...CONTRACT_ERRORS, ...TIME_RANGE_ERRORS],
  handle: async ({ path, query, request, gone }, deps): Promise<z.output<typeof FILES>> => {
    const cid = await deps.contracts.cidOf(path.cid)
    const { backend, tick_types: tts = TICK_TYPES, limit = 1_000, ...times } = query
    const given = request.query as Record<string, unknown>
    const isLimited = Object.values(times).some((time) => time !== undefined)
    const range = isLimited ? await timeRangeOf(times, { nowUs: deps.nowUs(), contracts: deps.contracts, cid, given }) : {}
    const found: StockFile[] = []
    for (const one of backend ? [backend] : deps.backends) {
      const ofBackend: StockFile[] = []
      for await (const files of takeStock({ dataDir: deps.dataDir, backend: one, cid, ...range, signal: gone })) {
        ofBackend.push(...files.filter((file) => tts.includes(file.tt) && touches(file, range)).reverse())
        if (ofBackend.length > limit) break
      }
      found.push(...ofBackend)
    }
    const newest = found.sort((a, b) => b.hourUs - a.hourUs || (a.path < b.path ? -1 : 1))
    const files = newest.slice(0, limit)
    return {
      contract_id: cid,
      total_files: files.length,
      total_bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      is_whole: files.length === newest.length,
      files: files.map(shown),
    }
  },
})

const touches = ({ hours }: StockFile, { startUs = 0, endUs = Number.POSITIVE_INFINITY }: { startUs?: number; endUs?: number }): boolean =>
  hours.some(({ hourUs }) => hourUs < endUs && hourUs + US_PER_HOUR > startUs)

function shown(file: StockFile): z.output<typeof FILE> {
  const { backend, cid, tt, hourUs, stampSeconds, state, bytes, ticks, closed, modifiedMs } = file
  return {
    name: nameOf(file),
    backend,
    tick_type: tt,
    hour: isoFromUs(hourUs),
    state,
    bytes,
    ticks: ticks ?? null,
    first: closed ? isoFromUs(closed.firstTs) : null,
    last: closed ? isoFromUs(closed.lastTs) : null,
    crc32c: closed?.crc32c?.toString(16).padStart(8, '0') ?? null,
    modified: isoFromUs(usFromMs(modifiedMs)),
    url: state === 'open' ? null : `/v3/storage/files/${cid}/${backend}/${tt}/${stampSeconds}`,
  }
}

const HEADERS = {
  etag: 'Another one for every other content',
  'accept-ranges': 'bytes',
  'content-disposition': 'The name of the file',
  'last-modified': 'When it was last written',
}
const CONTENT = { 'application/x-ndjson': 'bytes', 'application/x-protobuf': 'bytes', [MEDIA_TYPES.parquet]: 'bytes' } as const

export const downloadFile = defineRoute({
  path: '/v3/storage/files/{cid}/{backend}/{tick_type}/{stamp}',
  id: 'downloadFile',
  tag: 'files',
  summary: 'A closed file as it lies, or a part of it',
  description: 'A file that a writer may still add to is refused: query its hour instead. `Range` takes one range of bytes.',
  pathParameters: {
    cid: CONTRACT,
    backend: BACKEND,
    tick_type: oneOf(TICK_TYPES, { doc: 'Tick type.' }),
    stamp: wholeNumber(0, MOST_STAMP, { doc: 'The number in its name: its hour, epoch s; of parquet its first hour.' }),
  },
  answers: {
    200: { doc: 'The file.', content: CONTENT, headers: HEADERS },
    206: { doc: 'The part that Range asks for.', content: CONTENT, headers: { ...HEADERS, 'content-range': 'Which part of how much' } },
    304: { doc: 'As If-None-Match has it.', headers: { etag: HEADERS.etag } },
  },
  errors: [...CONTRACT_ERRORS, ...FILES_ERRORS, 'IBS_QUERY_FILE_UNKNOWN', 'IBS_QUERY_FILE_OPEN', 'IBS_QUERY_BYTES_OUTSIDE'],
  handle: async (call, deps) => {
    const { path, gone } = call
    const cid = await deps.contracts.cidOf(path.cid)
    const { backend, tick_type: tt, stamp } = path
    // an older recording's stamp lies within the hour of its folder, or beside its end
    const aroundUs = { startUs: stamp * US_PER_SECOND - US_PER_HOUR, endUs: stamp * US_PER_SECOND + US_PER_HOUR }
    const wanted = { dataDir: deps.dataDir, backend, cid, ...aroundUs, signal: gone }
    for await (const files of takeStock(wanted)) {
      const named = files.filter((one) => one.tt === tt && one.stampSeconds === stamp)
      const file = named.find(({ state }) => state !== 'open') ?? named[0] // beside a sealed hour late ticks may wait
      if (file?.state === 'open') throw fileOpen(nameOf(file))
      if (file) return await sendFile(call, deps, { file, etag: etagOf(file), mediaType: mediaTypeOf(file) })
    }
    throw new QueryError(
      'IBS_QUERY_FILE_UNKNOWN',
      `contract ${cid} has no such file; /v3/storage/files/${cid} lists those that there are`,
      {
        field: 'stamp',
        value: stamp,
        allowed: `a url of /v3/storage/files/${cid}`,
      },
    )
  },
})

const fileOpen = (name: string): QueryError =>
  new QueryError('IBS_QUERY_FILE_OPEN', `${name} may still grow; query its hour, or come back ten minutes after its end`, {
    field: 'stamp',
  })
