import type { TickMessage } from '@ib-stream/model'
import type { Study, StudyOutput } from './study.ts'

/**
 * Runs a study over ticks in batches: live, from history, or history and then live. Each batch of outputs belongs to what one batch of ticks made;
 * where that is nothing, nothing is given. After the last tick comes what was unfinished.
 * @param untilUs as of {@link Study.flush}
 */
export async function* runStudy(
  study: Study,
  batches: AsyncIterable<readonly TickMessage[]> | Iterable<readonly TickMessage[]>,
  untilUs?: number,
): AsyncGenerator<readonly StudyOutput[]> {
  for await (const ticks of batches) {
    const outputs = pushAll(study, ticks)
    if (outputs.length > 0) yield outputs
  }
  const rest = study.flush(untilUs)
  if (rest.length > 0) yield rest
}

/** What a batch of ticks makes, in order. */
export function pushAll(study: Study, ticks: readonly TickMessage[]): StudyOutput[] {
  const outputs: StudyOutput[] = []
  for (const tick of ticks) for (const output of study.push(tick)) outputs.push(output)
  return outputs
}
