import { encodeTicksProto, type SegmentCodec } from '@ib-stream/writer'

/** Rows of an hour until it is closed, as protobuf messages below `.state/`; the runtime then seals them as Parquet. */
export const parquetRows: SegmentCodec = {
  backend: 'parquet',
  append: (out, { ticks }) => out.write(encodeTicksProto(ticks)),
}
