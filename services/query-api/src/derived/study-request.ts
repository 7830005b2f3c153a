import type { ContractCalendar } from '@ib-stream/calendar'
import { codeOf, type IbsError } from '@ib-stream/model'
import { describeStudies, type PreparedStudy, prepareStudy, STUDIES_ERROR_CODES, type Study } from '@ib-stream/studies'
import { type Parameter, readBy } from '../api/parameter.ts'
import { QueryError } from '../errors.ts'

interface Described {
  description?: string
}

const propertiesOf = (schema: unknown) => (schema as { properties: Record<string, Described> }).properties

/** Parameters of all studies, as text: the study itself reads them. Its `session` is called `reset` here, because `session` names a range of time. */
export const STUDY_PARAMETERS: Readonly<Record<string, Parameter<string>>> = Object.fromEntries(
  describeStudies().flatMap(({ parameters }) =>
    Object.entries(propertiesOf(parameters)).map(([key, { description }]) => {
      const usedBy = describeStudies().filter((study) => key in propertiesOf(study.parameters))
      const words = {
        allowed: 'as /v3/studies describes it for each study',
        doc: `${description ?? key}. Of ${usedBy.map(({ name }) => name).join(', ')}.`,
        ...(key === 'session' ? { default: 'none' } : {}),
      }
      return [key === 'session' ? 'reset' : key, readBy<string>((text) => ({ value: text }), words)] as const
    }),
  ),
)

/**
 * A study by its name with the parameters that were given.
 * @throws QueryError `IBS_QUERY_PARAMETER_INVALID`
 */
export function prepare(name: string, given: Readonly<Record<string, unknown>>): PreparedStudy & { needsCalendar: boolean } {
  const { reset, ...others } = Object.fromEntries(Object.entries(given).filter(([key]) => key in STUDY_PARAMETERS))
  try {
    const prepared = prepareStudy(name, { ...others, session: reset ?? 'none' })
    return { ...prepared, needsCalendar: reset !== undefined && reset !== 'none' }
  } catch (error) {
    throw asQueryError(error)
  }
}

/** A fresh study of ticks from `fromUs` on. @throws QueryError `IBS_QUERY_PARAMETER_INVALID` */
export function createStudy(prepared: PreparedStudy, calendar: ContractCalendar | undefined, fromUs: number): Study {
  try {
    return prepared.create({ fromUs, ...(calendar && { calendar }) })
  } catch (error) {
    throw asQueryError(error)
  }
}

/** What a study complains of becomes a complaint about its parameter. */
export function asQueryError(error: unknown): unknown {
  const code = codeOf(error)
  if (!(STUDIES_ERROR_CODES as readonly (string | undefined)[]).includes(code)) return error
  const { facts, message } = error as IbsError
  const text = message.slice(`${code}: `.length)
  if (code === 'IBS_STUDIES_NAME_UNKNOWN') return invalid(text, { field: 'study', value: facts.name, allowed: facts.allowed }, error)
  if (code === 'IBS_STUDIES_LEVELS_EXCEEDED') return invalid(text, { field: 'bin', allowed: 'a wider bin' }, error)
  const [problem] = (facts.problems ?? []) as { field: string; value: unknown; rule: string }[]
  const field = problem?.field === 'session' ? 'reset' : (problem?.field ?? 'reset')
  return invalid(text, { field, value: problem?.value, allowed: problem?.rule ?? 'none' }, error)
}

const invalid = (text: string, complaint: { field: string; value?: unknown; allowed?: unknown }, cause: unknown): QueryError =>
  new QueryError('IBS_QUERY_PARAMETER_INVALID', text, complaint, { cause })
