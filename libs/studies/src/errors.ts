import { IbsError } from '@ib-stream/model'

/** Every error of the studies. Codes are never renamed or reused. */
export const STUDIES_ERROR_CODES = [
  'IBS_STUDIES_NAME_UNKNOWN', // no study of that name
  'IBS_STUDIES_PARAMETER_INVALID', // parameters that break their rules; all of them are listed
  'IBS_STUDIES_CALENDAR_NEEDED', // sessions were asked for, but the contract's hours are not known
  'IBS_STUDIES_CONTRACT_MIXED', // one study was given ticks of two contracts
  'IBS_STUDIES_LEVELS_EXCEEDED', // a volume profile would hold more price levels than it may: coarser ones or sessions are wanted
] as const
export type StudiesErrorCode = (typeof STUDIES_ERROR_CODES)[number]

/** What goes wrong with studies. `facts` name field and value; the message ends with what to do. */
export class StudiesError extends IbsError<StudiesErrorCode> {
  override readonly name = 'StudiesError'
}
