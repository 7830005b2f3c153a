import type { SegmentCodec } from '@ib-stream/writer'

/** One tick a line. The bus already carries the v3 JSON: the lines of an hour are appended as they came. */
export const jsonLines: SegmentCodec = {
  backend: 'json',
  keepsEvents: true,
  append: (out, { lines }) => out.write(lines),
}
