import { contractCalendar } from '@ib-stream/calendar'
import { describe, expect, it } from '@jest/globals'
import { describeStudies, prepareStudy, STUDY_NAMES, StudiesError } from '../src/index.ts'

const calendar = contractCalendar({
  timeZoneId: 'UTC',
  tradingHours: '20250730:0900-20250730:2000',
  liquidHours: '20250730:1000-20250730:1600',
})

function refusal(make: () => unknown): StudiesError {
  try {
    make()
  } catch (error) {
    if (error instanceof StudiesError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('names', () => {
  it('an unknown one is refused with those that there are', () => {
    const { code, message, facts } = refusal(() => prepareStudy('vwop'))
    expect({ code, facts }).toEqual({ code: 'IBS_STUDIES_NAME_UNKNOWN', facts: { name: 'vwop', allowed: STUDY_NAMES } })
    expect(message).toContain('there is no study "vwop"; there are bars, bollinger, delta')
  })

  it.each(['constructor', 'toString', '__proto__', ''])('%j of every object is no study', (name) =>
    expect(refusal(() => prepareStudy(name)).code).toBe('IBS_STUDIES_NAME_UNKNOWN'),
  )

  it.each([
    ['VWAP', 'vwap'],
    [' order-flow-imbalance ', 'order_flow_imbalance'],
    ['multi_delta', 'true_delta'],
    ['ohlcv', 'bars'],
  ])('%j is %s', (given, name) => expect([prepareStudy(given).name, prepareStudy(given).create().name]).toEqual([name, name]))
})

describe('parameters that break a rule', () => {
  it.each<[study: string, field: string, value: unknown, rule: RegExp]>([
    ['vwap', 'window_seconds', -1, />=0/],
    ['vwap', 'window_seconds', 604_801, /<=604800/],
    ['vwap', 'window_seconds', 'soon', /expected number/],
    ['vwap', 'window_seconds', '', /expected number/],
    ['vwap', 'window_seconds', Number.NaN, /expected number/],
    ['vwap', 'window_seconds', null, /expected number/],
    ['vwap', 'std_dev', 0, />0/],
    ['vwap', 'min_trades', 2.5, /int/],
    ['vwap', 'min_trades', 1, />=2/],
    ['vwap', 'weight', 'price', /"volume"\|"trades"/],
    ['vwap', 'trades', 'mid_point', /"last"\|"all_last"/],
    ['vwap', 'session', 'night', /"regular"\|"full"\|"none"/],
    ['vwap', 'clock', 'wall', /"ts"\|"st"/],
    ['vwap', 'every_seconds', -5, />=0/],
    ['bollinger', 'period_seconds', 0, />=1/],
    ['delta', 'rule', 'quotes', /"quote"\|"lee_ready"\|"tick"/],
    ['true_delta', 'neutral_zone_percent', 51, /<=50/],
    ['volume_profile', 'bin', -0.01, />=0/],
    ['volume_profile', 'value_area_percent', 101, /<=100/],
    ['spread', 'interval_seconds', '0', />=1/],
    ['bars', 'interval', 60, /30s, 1m, 4h, 1d/],
    ['bars', 'of', 'quotes', /"trades"\|"mid"\|"mid_point"/],
    ['order_flow_imbalance', 'window', 60, /^no such parameter$/],
    ['passthrough', 'trades', 'last', /^no such parameter$/],
  ])('%s: %s of %j is refused with field, value and rule', (study, field, value, rule) => {
    const { code, message, facts } = refusal(() => prepareStudy(study, { [field]: value }))
    expect(code).toBe('IBS_STUDIES_PARAMETER_INVALID')
    expect(facts).toEqual({ study, problems: [{ field, value, rule: expect.stringMatching(rule) }] })
    expect(message).toContain(`${field} is ${JSON.stringify(value)}: `)
  })

  it('are told all at once', () => {
    const { facts, message } = refusal(() => prepareStudy('vwap', { std_dev: -1, windw: 5, min: 3, clock: 'x' }))
    const fields = (facts.problems as { field: string }[]).map(({ field }) => field).sort()
    expect(fields).toEqual(['clock', 'min', 'std_dev', 'windw'])
    for (const field of fields) expect(message).toContain(`${field} is `)
  })
})

describe('parameters as text of a URL', () => {
  it('are the same as those of JSON', () => {
    const text = { window_seconds: '300', std_dev: '2.5', min_trades: '5', trades: 'AllLast', every_seconds: '0' }
    const json = { window_seconds: 300, std_dev: 2.5, min_trades: 5, trades: 'all_last', every_seconds: 0 }
    expect(prepareStudy('vwap', text)).toMatchObject({ parameters: prepareStudy('vwap', json).parameters, inputs: ['all_last'] })
  })

  it('are completed by defaults', () => {
    expect(prepareStudy('delta').parameters).toEqual({
      window_seconds: 60,
      rule: 'quote',
      neutral_zone_percent: 0,
      trades: 'last',
      clock: 'ts',
      every_seconds: 0,
    })
  })
})

describe('sessions', () => {
  it.each(STUDY_NAMES)('%s of regular or full hours is refused without a calendar, with what to do', (name) => {
    for (const session of ['regular', 'full']) {
      const { code, message, facts } = refusal(() => prepareStudy(name, { session }).create())
      expect({ code, facts }).toEqual({ code: 'IBS_STUDIES_CALENDAR_NEEDED', facts: { study: name, session } })
      expect(message).toContain('ask with session=none')
      expect(prepareStudy(name, { session }).create({ calendar }).name).toBe(name)
    }
  })

  it.each(STUDY_NAMES)('%s without a word about sessions runs with and without a calendar', (name) => {
    expect(prepareStudy(name).create().name).toBe(name)
    expect(prepareStudy(name).create({ calendar }).name).toBe(name)
  })
})

describe('the list of studies', () => {
  const studies = describeStudies()

  it('has every study with title and inputs', () => {
    expect(studies.map(({ name }) => name)).toEqual(STUDY_NAMES)
    for (const { name, title, inputs } of studies) {
      expect(title.length).toBeGreaterThan(10)
      expect(inputs).toEqual(prepareStudy(name).inputs)
    }
  })

  it('is JSON as it is', () => expect(JSON.parse(JSON.stringify(studies))).toEqual(studies))

  it.each(studies)('$name: a JSON Schema that allows no other parameter, each described, with a default that the study takes', (study) => {
    const schema = study.parameters as unknown as {
      type: string
      additionalProperties: boolean
      required?: string[]
      properties: Record<string, { description?: string; default?: unknown }>
    }
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false })
    expect(schema.required ?? []).toEqual([])
    for (const [field, { description = '', default: fallback }] of Object.entries(schema.properties)) {
      expect([field, description.length > 5]).toEqual([field, true])
      if (fallback === undefined) expect(field).toBe('session')
      else expect(prepareStudy(study.name, { [field]: fallback }).parameters).toEqual(prepareStudy(study.name).parameters)
    }
  })

  it('tells bounds, units and choices', () => {
    const vwap = studies.find(({ name }) => name === 'vwap')?.parameters
    expect(vwap).toMatchObject({
      properties: {
        window_seconds: { type: 'number', minimum: 0, maximum: 604_800, default: 0, unit: 's' },
        std_dev: { exclusiveMinimum: 0, maximum: 100, default: 3 },
        session: { enum: ['regular', 'full', 'none'] },
        trades: { enum: ['last', 'all_last'], default: 'last' },
      },
    })
  })
})
