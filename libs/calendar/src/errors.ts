import { IbsError } from '@ib-stream/model'

/** Every error of the calendar. Codes are never renamed or reused. */
export const CALENDAR_ERROR_CODES = [
  'IBS_CALENDAR_ZONE_UNKNOWN', // a time zone that neither IANA nor IB's own list has
  'IBS_CALENDAR_HOURS_MALFORMED', // a string of trading or liquid hours that is in none of IB's forms (field, entry, rule)
  'IBS_CALENDAR_EXPIRY_MALFORMED', // a last trade date that is in none of IB's forms, or is only a month
  'IBS_CALENDAR_NO_FRONT', // no expiry is left that could be the front contract at that time
  'IBS_CALENDAR_ARGUMENT_INVALID', // a date, range, count or roll rule that cannot be
] as const
export type CalendarErrorCode = (typeof CALENDAR_ERROR_CODES)[number]

/** What goes wrong in the calendar. `facts` name the field and its value; the message ends with what to do. */
export class CalendarError extends IbsError<CalendarErrorCode> {
  override readonly name = 'CalendarError'
}
