/** The open-file formats that this engine writes. */
export const BACKENDS = ['json', 'pb'] as const
export type Backend = (typeof BACKENDS)[number]

/** What the files of a backend end in. */
export const EXTENSION: Record<Backend, string> = { json: 'jsonl', pb: 'pb' }

export const isBackend = (value: unknown): value is Backend => BACKENDS.includes(value as Backend)
