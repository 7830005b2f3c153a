import { encodeTicksProto, type SegmentCodec } from '@ib-stream/writer'

/** One message a tick, each preceded by its length as a varint: protobuf's own framing, which every protobuf library reads. */
export const protoMessages: SegmentCodec = {
  backend: 'pb',
  append: (out, { ticks }) => out.write(encodeTicksProto(ticks)),
}
