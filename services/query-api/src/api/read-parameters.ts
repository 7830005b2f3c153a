import { QueryError } from '../errors.ts'
import type { Given, Parameter, Parameters, Whole } from './parameter.ts'

/**
 * All parameters of a query.
 * @throws QueryError `IBS_QUERY_PARAMETER_UNKNOWN`, `IBS_QUERY_PARAMETER_INVALID`
 */
export function readQuery<P extends Parameters>(parameters: P, query: Readonly<Record<string, unknown>>): Given<P> {
  const names = Object.keys(parameters)
  const unknown = Object.keys(query).filter((name) => !names.includes(name))
  if (unknown.length > 0) throw parameterUnknown(unknown, query[unknown[0] ?? ''], names)
  return readGiven(parameters, query)
}

/**
 * The parameters of a path, which are all there.
 * @throws QueryError `IBS_QUERY_PARAMETER_INVALID`
 */
export const readPath = <P extends Parameters>(parameters: P, path: Readonly<Record<string, unknown>>): Whole<P> =>
  readGiven(parameters, path) as Whole<P>

/**
 * Headers, by their names as the documents write them; an empty one counts as left out.
 * @throws QueryError `IBS_QUERY_PARAMETER_INVALID`
 */
export function readHeaders<P extends Parameters>(
  parameters: P,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Given<P> {
  const given = Object.keys(parameters).map((name) => [name, joined(headers[name.toLowerCase()])] as const)
  return readGiven(parameters, Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== '')))
}

const joined = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join(',') : header)

function readGiven<P extends Parameters>(parameters: P, given: Readonly<Record<string, unknown>>): Given<P> {
  const entries = Object.entries(given).flatMap(([name, value]) => {
    const parameter = parameters[name]
    return parameter ? [[name, readOne(name, parameter, value)]] : []
  })
  return Object.fromEntries(entries) as Given<P>
}

/**
 * One value by the rule of its parameter.
 * @throws QueryError `IBS_QUERY_PARAMETER_INVALID`
 */
export function readOne<Value>(field: string, { rule, allowed }: Parameter<Value>, value: unknown): Value {
  const result = rule.safeParse(value)
  if (result.success) return result.data
  const problem = Array.isArray(value) ? 'is given more than once' : (result.error.issues[0]?.message ?? 'is wrong')
  throw parameterInvalid({ field, value, problem, allowed })
}

/** A parameter breaks its rule. `problem` goes on from "<field> <value>". */
export function parameterInvalid(wrong: {
  field: string
  value: unknown
  problem: string
  allowed: string | readonly string[]
}): QueryError {
  const { field, value, problem, allowed } = wrong
  const shown = typeof allowed === 'string' ? allowed : `one of ${allowed.join(', ')}`
  return new QueryError('IBS_QUERY_PARAMETER_INVALID', `${field} ${JSON.stringify(value)} ${problem}; allowed: ${shown}`, {
    field,
    value,
    allowed,
  })
}

function parameterUnknown(unknown: readonly string[], value: unknown, names: readonly string[]): QueryError {
  const quoted = unknown.map((name) => `"${name}"`).join(', ')
  const use = names.length > 0 ? `use ${names.join(', ')}` : 'this route takes none'
  return new QueryError('IBS_QUERY_PARAMETER_UNKNOWN', `there is no parameter ${quoted}; ${use}`, {
    field: unknown.join(','),
    value,
    allowed: names,
  })
}
