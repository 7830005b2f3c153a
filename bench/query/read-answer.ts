import { TICK_TYPES, type TickMessage } from '@ib-stream/model'
import { decodeTickJson, decodeTicksProto } from '@ib-stream/storage'
import { tableFromIPC } from 'apache-arrow'

/** The ticks of an answer in one of query-api's formats, read as its users do. */
export function ticksIn(format: string, body: Buffer): TickMessage[] {
  switch (format) {
    case 'ndjson':
      return body.toString('utf8').trimEnd().split('\n').map(decodeTickJson)
    case 'protobuf':
      return decodeTicksProto(body).ticks
    case 'json':
      return (JSON.parse(body.toString('utf8')) as { messages: TickMessage[] }).messages
    case 'csv':
      return ofCsv(body.toString('utf8'))
    case 'arrow':
      return ofArrow(body)
    default:
      throw new Error(`no format: ${format}`)
  }
}

const TEXTS = new Set(['tt', 'ex', 'sc'])

function ofCsv(text: string): TickMessage[] {
  const [head = '', ...lines] = text.trimEnd().split('\r\n')
  const keys = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    const entries = keys.flatMap((key, i) => (cells[i] === '' ? [] : [[key, TEXTS.has(key) ? cells[i] : Number(cells[i])]]))
    return Object.fromEntries(entries) as TickMessage
  })
}

const NUMBERS = ['cid', 'rid', 'p', 's', 'bp', 'bs', 'ap', 'as', 'mp'] as const

/** The columns that the recorded ticks have; timestamps come as ms with a fraction. */
function ofArrow(body: Buffer): TickMessage[] {
  const table = tableFromIPC(body)
  const columnOf = (name: string) => {
    const column = table.getChild(name)
    if (!column) throw new Error(`no column ${name}`)
    return column
  }
  const [ts, st, tt, ex] = ['ts', 'st', 'tt', 'ex'].map(columnOf)
  const numbers = NUMBERS.map((key) => [key, columnOf(key)] as const)
  return Array.from({ length: table.numRows }, (_, row) => {
    const type = TICK_TYPES.find((name) => name === tt?.get(row))
    const tick: Record<string, unknown> = { ts: Math.round(ts?.get(row) * 1_000), st: Math.round(st?.get(row) * 1_000), tt: type }
    for (const [key, column] of numbers) {
      const value = column.get(row)
      if (value !== null) tick[key] = value
    }
    if (ex?.get(row) !== null) tick.ex = ex?.get(row)
    return tick as unknown as TickMessage
  })
}
