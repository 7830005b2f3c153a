import type { StudyAnswer } from './api-types.ts'

/** What a study gives; docs/reference/studies.md has the fields of each. */
export type StudyOutput = StudyAnswer['outputs'][number]
