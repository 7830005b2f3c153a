import type { Output } from './output.ts'

/** Words for standard error; a code at their beginning is red. */
export const errorLine = (out: Output, words: string): string => words.replace(/^IBS_[A-Z_]+/, (code) => out.paintErr('red', code))
