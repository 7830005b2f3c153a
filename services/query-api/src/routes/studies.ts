import { TICK_TYPES } from '@ib-stream/model'
import { describeStudies, STUDY_NAMES } from '@ib-stream/studies'
import { z } from 'zod'
import { readBy } from '../api/parameter.ts'
import { defineRoute } from '../api/route.ts'
import { CONTRACT } from '../contracts/contract-ref.ts'
import { answerStudy, STUDY_ANSWER_PARAMETERS, studyAnswers } from '../derived/answer-study.ts'
import { prepare, STUDY_PARAMETERS } from '../derived/study-request.ts'
import { HISTORY_ERRORS } from '../history/history-answers.ts'
import { TIME_RANGE } from '../history/time-range.ts'
import { STREAM_EVENTS } from '../stream/events.ts'
import { LIVE_STREAM_ERRORS } from '../stream/live-source.ts'

const STUDY = z.strictObject({
  name: z.string(),
  title: z.string(),
  parameters: z.looseObject({}).describe('JSON Schema'),
  inputs: z.array(z.enum(TICK_TYPES)).describe('Tick types used with default parameters'),
})

export const listStudies = defineRoute({
  path: '/v3/studies',
  id: 'listStudies',
  tag: 'derived',
  summary: 'The studies that there are, with their parameters',
  answers: { 200: { doc: 'All of them.', content: { 'application/json': z.strictObject({ studies: z.array(STUDY) }) } } },
  handle: () => ({ studies: describeStudies() }),
})

const NAME = readBy<string>((text) => ({ value: text }), { allowed: `one of ${STUDY_NAMES.join(', ')}`, doc: 'Name of the study.' })

export const runStudyOver = defineRoute({
  path: '/v3/studies/{cid}/{study}',
  id: 'runStudy',
  tag: 'derived',
  summary: 'A study over a range of recorded ticks, or over history and then live',
  pathParameters: { cid: CONTRACT, study: NAME },
  query: { ...STUDY_PARAMETERS, ...TIME_RANGE, ...STUDY_ANSWER_PARAMETERS },
  answers: studyAnswers(STREAM_EVENTS.output.data, 'StudyAnswer'),
  events: ['info', 'output', 'live', 'complete', 'error'],
  errors: [...HISTORY_ERRORS, ...LIVE_STREAM_ERRORS],
  handle: async (call, deps) => {
    const { needsCalendar, ...prepared } = prepare(call.path.study, call.request.query as Record<string, unknown>)
    const cid = await deps.contracts.cidOf(call.path.cid)
    return answerStudy(call, deps, { cid, prepared, needsCalendar })
  },
})
