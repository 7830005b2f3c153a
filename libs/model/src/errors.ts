import { IbsError } from './error.ts'

/** Every error that the vocabulary itself raises. Codes are never renamed or reused. */
export const MODEL_ERROR_CODES = [
  'IBS_MODEL_TICK_INVALID', // values that make no tick of format v3 (field, value, rule)
] as const
export type ModelErrorCode = (typeof MODEL_ERROR_CODES)[number]

/** What goes wrong in the vocabulary; `facts` have field, value and rule. */
export class ModelError extends IbsError<ModelErrorCode> {
  override readonly name = 'ModelError'
}
