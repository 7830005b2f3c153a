/** A value, or what is wrong with its text: the end of a sentence that begins with the text. */
export type Parsed<Value> = { value: Value; problem?: undefined } | { value?: undefined; problem: string }
