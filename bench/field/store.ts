import type { Answer, Question } from './questions.ts'
import type { Tape } from './tape.ts'

/** A way to keep the day and to ask for it. Loaded once, then asked; its files are in a folder of its own. */
export interface Store extends AsyncDisposable {
  /** From the files of the tape until they can be asked for. */
  load(): Promise<void>
  /** What it takes on disk then. */
  sizeBytes(): Promise<number>
  /** A question that it has no answer to is not here. */
  readonly asking: Partial<Record<Question, () => Promise<Answer>>>
}

export interface Place {
  folder: string
  tape: Tape
}
