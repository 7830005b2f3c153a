import type { TickType } from '@ib-stream/model'
import { z } from 'zod'
import { BAR_PARAMETERS, Bars } from './bars.ts'
import { BOLLINGER_PARAMETERS, Bollinger } from './bollinger.ts'
import { DELTA_PARAMETERS, Delta } from './delta.ts'
import { StudiesError } from './errors.ts'
import { type ClockName, EventClock } from './event-clock.ts'
import type { Pace } from './event-study.ts'
import { IMBALANCE_PARAMETERS, OrderFlowImbalance } from './order-flow-imbalance.ts'
import { PASSTHROUGH_PARAMETERS, Passthrough } from './passthrough.ts'
import { SPREAD_PARAMETERS, Spread } from './spread.ts'
import type { Json, Study, StudyContext } from './study.ts'
import { TrueDelta } from './true-delta.ts'
import { VOLUME_PROFILE_PARAMETERS, VolumeProfile } from './volume-profile.ts'
import { VWAP_PARAMETERS, Vwap } from './vwap.ts'

/** What all parameters may have in common. */
interface Common {
  trades?: TickType
  session?: 'regular' | 'full' | 'none' | undefined
  clock: ClockName
  every_seconds?: number
}

/** One entry of the registry. */
interface Definition<Parameters extends Common> {
  /** One sentence for a list. */
  title: string
  parameters: z.ZodType<Parameters>
  /** Tick types that the study uses. */
  inputs: (parameters: Parameters) => readonly TickType[]
  create: (parameters: Parameters, pace: Pace) => Study
  /** Sessions where none are asked for: those of the full hours, if known, or none. */
  session?: 'none'
}

const define = <Parameters extends Common>(definition: Definition<Parameters>): Definition<Common> =>
  definition as unknown as Definition<Common>

const quotesAnd = ({ trades }: { trades: TickType }): readonly TickType[] => ['bid_ask', trades]
const only = ({ trades }: { trades: TickType }): readonly TickType[] => [trades]

/** Every study by its name. Adding one: CONTRIBUTING.md, "Add a study". */
const REGISTRY: Readonly<Record<string, Definition<Common>>> = {
  bars: define({
    title: 'Open, high, low, close, volume and VWAP by time, ticks or volume, of trades or of the mid',
    parameters: BAR_PARAMETERS,
    inputs: ({ of, trades }) => ['bid_ask', trades, ...(of === 'mid_point' ? (['mid_point'] as const) : [])],
    create: (parameters, pace) => new Bars(parameters, pace),
    session: 'none',
  }),
  bollinger: define({
    title: 'Bollinger bands of trade prices over a sliding window',
    parameters: BOLLINGER_PARAMETERS,
    inputs: only,
    create: (parameters, pace) => new Bollinger(parameters, pace),
  }),
  delta: define({
    title: 'Volume by aggressor: bought less sold, over a window and since the start of the session',
    parameters: DELTA_PARAMETERS,
    inputs: quotesAnd,
    create: (parameters, pace) => new Delta(parameters, pace),
  }),
  order_flow_imbalance: define({
    title: 'Order flow imbalance of the best quotes (Cont, Kukanov, Stoikov)',
    parameters: IMBALANCE_PARAMETERS,
    inputs: () => ['bid_ask'],
    create: (parameters, pace) => new OrderFlowImbalance(parameters, pace),
  }),
  passthrough: define({
    title: 'Every tick as it came, counted',
    parameters: PASSTHROUGH_PARAMETERS,
    inputs: () => ['bid_ask', 'last', 'all_last', 'mid_point'],
    create: (_parameters, pace) => new Passthrough(pace),
  }),
  spread: define({
    title: 'Quoted and effective spread in stretches of time',
    parameters: SPREAD_PARAMETERS,
    inputs: quotesAnd,
    create: (parameters, pace) => new Spread(parameters, pace),
  }),
  true_delta: define({
    title: 'Delta with the counts of trades at bid, at ask and between',
    parameters: DELTA_PARAMETERS,
    inputs: quotesAnd,
    create: (parameters, pace) => new TrueDelta(parameters, pace),
  }),
  volume_profile: define({
    title: 'Volume by price with point of control and value area',
    parameters: VOLUME_PROFILE_PARAMETERS,
    inputs: quotesAnd,
    create: (parameters, pace) => new VolumeProfile(parameters, pace),
  }),
  vwap: define({
    title: 'Volume-weighted average price with bands and realized volatility',
    parameters: VWAP_PARAMETERS,
    inputs: only,
    create: (parameters, pace) => new Vwap(parameters, pace),
  }),
}

/** How the older system named two of them. */
const OLD_NAMES: Readonly<Record<string, string>> = { multi_delta: 'true_delta', ohlcv: 'bars' }

export const STUDY_NAMES: readonly string[] = Object.keys(REGISTRY)

/** A study as a list or a form shows it. */
export interface StudyDescription {
  name: string
  title: string
  /** JSON Schema of the parameters, with defaults, units and descriptions. */
  parameters: Json
  /** Tick types used with default parameters. */
  inputs: readonly TickType[]
}

/** A study whose name and parameters are valid: says which ticks it needs, and makes as many as are wanted. */
export interface PreparedStudy {
  name: string
  /** Complete: defaults are filled in. */
  parameters: Readonly<Record<string, unknown>>
  inputs: readonly TickType[]
  /**
   * A fresh study for one contract.
   * @throws StudiesError `IBS_STUDIES_CALENDAR_NEEDED` where sessions were asked for and the context has no calendar
   */
  create(context?: StudyContext): Study
}

export function describeStudies(): StudyDescription[] {
  return Object.entries(REGISTRY).map(([name, { title, parameters, inputs }]) => ({
    name,
    title,
    parameters: z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any', override: tellDefault }) as Json,
    inputs: inputs(parameters.parse({})),
  }))
}

/** Zod leaves the default out wherever text may be given for a number, as it cannot know that the default is valid input; here it is. */
function tellDefault({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const { def } = zodSchema._zod
  if (def.type === 'default' || def.type === 'prefault') jsonSchema.default = def.defaultValue as Json
}

/**
 * Looks a study up and checks its parameters, which may be JSON values or text as a URL has it.
 * @param name as in {@link STUDY_NAMES}; `-` counts as `_`
 * @throws StudiesError `IBS_STUDIES_NAME_UNKNOWN`, `IBS_STUDIES_PARAMETER_INVALID` (every problem at once, each with field, value and rule)
 */
export function prepareStudy(name: string, parameters: Readonly<Record<string, unknown>> = {}): PreparedStudy {
  const plain = name.trim().toLowerCase().replaceAll('-', '_')
  const known = OLD_NAMES[plain] ?? plain
  const definition = Object.hasOwn(REGISTRY, known) ? REGISTRY[known] : undefined
  if (!definition) {
    const what = `there is no study "${name}"; there are ${STUDY_NAMES.join(', ')}`
    throw new StudiesError('IBS_STUDIES_NAME_UNKNOWN', what, { name, allowed: STUDY_NAMES })
  }
  const parsed = definition.parameters.safeParse(parameters)
  if (!parsed.success) throw invalid(known, parameters, parsed.error)
  const complete = parsed.data
  return {
    name: known,
    parameters: { ...complete },
    inputs: definition.inputs(complete),
    create: (context = {}) => definition.create(complete, paceOf(known, definition, complete, context)),
  }
}

function paceOf(name: string, definition: Definition<Common>, parameters: Common, { calendar, fromUs }: StudyContext): Pace {
  const kind = parameters.session ?? definition.session ?? (calendar ? 'full' : 'none')
  if (kind !== 'none' && !calendar) {
    const what = `${name} was asked for with session=${kind}, but the hours of the contract are not known; ask with session=none`
    throw new StudiesError('IBS_STUDIES_CALENDAR_NEEDED', what, { study: name, session: kind })
  }
  const clock = new EventClock(parameters.clock, kind === 'none' || !calendar ? undefined : { calendar, kind })
  return { clock, everyUs: (parameters.every_seconds ?? 0) * 1_000_000, fromUs: fromUs ?? Number.NEGATIVE_INFINITY }
}

function invalid(study: string, given: Readonly<Record<string, unknown>>, { issues }: z.ZodError): StudiesError {
  const problems = issues.flatMap((issue) => {
    const fields = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.')]
    return fields.map((field) => ({
      field,
      value: given[field],
      rule: issue.code === 'unrecognized_keys' ? 'no such parameter' : issue.message,
    }))
  })
  const text = problems.map(({ field, value, rule }) => `${field} is ${JSON.stringify(value)}: ${rule}`).join('; ')
  return new StudiesError('IBS_STUDIES_PARAMETER_INVALID', `${study}: ${text}; mend the parameters`, { study, problems })
}
