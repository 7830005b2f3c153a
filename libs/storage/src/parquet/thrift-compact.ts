// The part of Thrift's compact protocol that Parquet's footers and page headers need.
const BOOL_TRUE = 1
const BOOL_FALSE = 2
const I32 = 5
const I64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12
const SHORT_LIST = 15
const MAX_FIELD_STEP = 15

export type ThriftValue = boolean | number | Uint8Array | ThriftValue[] | ThriftStruct
/** Fields by their number. */
export type ThriftStruct = Map<number, ThriftValue>

/** A value and how it is to be written: which of two sizes of integers is part of the schema, not of the value. */
export type Written =
  | { bool: boolean }
  | { i32: number }
  | { i64: number }
  | { text: string }
  | { binary: Uint8Array }
  | { list: readonly Written[] }
  | { struct: Fields }
/** Field numbers ascend; what is undefined is left out. */
export type Fields = Readonly<Record<number, Written | undefined>>

/** A struct as bytes. */
export function encodeThrift(fields: Fields): Uint8Array {
  const writer = new ThriftWriter()
  writer.struct(fields)
  return Uint8Array.from(writer.bytes)
}

class ThriftWriter {
  readonly bytes: number[] = []

  struct(fields: Fields): void {
    let last = 0
    for (const [key, value] of Object.entries(fields)) {
      if (value === undefined) continue
      const id = Number(key)
      const type = 'bool' in value ? (value.bool ? BOOL_TRUE : BOOL_FALSE) : typeOf(value)
      if (id - last <= MAX_FIELD_STEP) this.bytes.push(((id - last) << 4) | type)
      else {
        this.bytes.push(type)
        this.#zigzag(id)
      }
      if (!('bool' in value)) this.#value(value)
      last = id
    }
    this.bytes.push(0)
  }

  #value(value: Written): void {
    if ('i32' in value) this.#zigzag(value.i32)
    else if ('i64' in value) this.#zigzag(value.i64)
    else if ('text' in value) this.#binary(Buffer.from(value.text))
    else if ('binary' in value) this.#binary(value.binary)
    else if ('struct' in value) this.struct(value.struct)
    else if ('list' in value) this.#list(value.list)
    else this.bytes.push(value.bool ? BOOL_TRUE : BOOL_FALSE)
  }

  #list(items: readonly Written[]): void {
    const [first] = items
    const type = first === undefined ? STRUCT : typeOf(first)
    if (items.length < SHORT_LIST) this.bytes.push((items.length << 4) | type)
    else {
      this.bytes.push((SHORT_LIST << 4) | type)
      this.#varint(items.length)
    }
    for (const item of items) this.#value(item)
  }

  #binary(bytes: Uint8Array): void {
    this.#varint(bytes.length)
    for (const byte of bytes) this.bytes.push(byte)
  }

  #zigzag(value: number): void {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1)
  }

  #varint(value: number): void {
    pushVarint(this.bytes, value)
  }
}

/** Appends a whole number, at least 0 and below 2^53, seven bits a byte, lowest first. */
export function pushVarint(bytes: number[], value: number): void {
  let left = value
  while (left >= 0x80) {
    bytes.push((left % 0x80) | 0x80)
    left = Math.floor(left / 0x80)
  }
  bytes.push(left)
}

function typeOf(value: Written): number {
  if ('i32' in value) return I32
  if ('i64' in value) return I64
  if ('list' in value) return LIST
  if ('struct' in value) return STRUCT
  return 'bool' in value ? BOOL_TRUE : BINARY
}

/**
 * Reads a struct from a place in bytes.
 * @throws RangeError for bytes that are none
 */
export function decodeThrift(bytes: Uint8Array, start = 0): { struct: ThriftStruct; end: number } {
  const reader = new ThriftReader(bytes, start)
  return { struct: reader.struct(), end: reader.at }
}

const MAX_DEPTH = 16

class ThriftReader {
  at: number
  readonly #bytes: Uint8Array
  #depth = 0

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.at = start
  }

  struct(): ThriftStruct {
    if (++this.#depth > MAX_DEPTH) throw new RangeError('thrift: nested too deep')
    const fields: ThriftStruct = new Map()
    let id = 0
    for (let head = this.#byte(); head !== 0; head = this.#byte()) {
      const step = head >> 4
      id = step === 0 ? this.#zigzag() : id + step
      const type = head & 15
      fields.set(id, type === BOOL_TRUE || type === BOOL_FALSE ? type === BOOL_TRUE : this.#value(type))
    }
    this.#depth--
    return fields
  }

  #value(type: number): ThriftValue {
    switch (type) {
      case BOOL_TRUE:
      case BOOL_FALSE:
        return this.#byte() === BOOL_TRUE
      case 3: // a byte
        return this.#byte()
      case 4:
      case I32:
      case I64:
        return this.#zigzag()
      case 7:
        return this.#take(8)
      case BINARY:
        return this.#take(this.#varint())
      case LIST:
      case 10: {
        const head = this.#byte()
        const length = head >> 4 === SHORT_LIST ? this.#varint() : head >> 4
        if (length > this.#bytes.length) throw new RangeError(`thrift: a list of ${length}`)
        return Array.from({ length }, () => this.#value(head & 15))
      }
      case STRUCT:
        return this.struct()
      default:
        throw new RangeError(`thrift: type ${type}`)
    }
  }

  #take(length: number): Uint8Array {
    const end = this.at + length
    if (end > this.#bytes.length) throw new RangeError(`thrift: ${length} bytes at ${this.at} of ${this.#bytes.length}`)
    const bytes = this.#bytes.subarray(this.at, end)
    this.at = end
    return bytes
  }

  #byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new RangeError(`thrift: ends at ${this.#bytes.length}`)
    return byte
  }

  #zigzag(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  #varint(): number {
    let value = 0
    let unit = 1
    for (;;) {
      const byte = this.#byte()
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
      unit *= 0x80
      if (unit > 2 ** 63) throw new RangeError('thrift: a number without end')
    }
  }
}
