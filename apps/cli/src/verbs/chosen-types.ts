import { isTickType, TICK_TYPES, type TickType } from '@ib-stream/model'
import { invalid } from './time-range.ts'

/** The tick types of `-t`. @throws CliError `IBS_CLI_OPTION_INVALID` */
export function chosenTypes(list: string): TickType[] {
  const names = [...new Set(list.split(',').map((name) => name.trim()))]
  const types = names.filter(isTickType)
  if (types.length < names.length || types.length === 0)
    throw invalid('--types', list, `tick types from ${TICK_TYPES.join(', ')}, separated by commas`)
  return types
}
