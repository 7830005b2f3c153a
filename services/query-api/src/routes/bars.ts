import { BAR } from '@ib-stream/studies'
import { defineRoute } from '../api/route.ts'
import { CONTRACT } from '../contracts/contract-ref.ts'
import { answerStudy, STUDY_ANSWER_PARAMETERS, studyAnswers } from '../derived/answer-study.ts'
import { prepare, STUDY_PARAMETERS } from '../derived/study-request.ts'
import { HISTORY_ERRORS } from '../history/history-answers.ts'
import { TIME_RANGE } from '../history/time-range.ts'
import { LIVE_STREAM_ERRORS } from '../stream/live-source.ts'

const { interval, of, trades, reset, clock } = STUDY_PARAMETERS as Record<
  'interval' | 'of' | 'trades' | 'reset' | 'clock',
  (typeof STUDY_PARAMETERS)[string]
>

export const getBars = defineRoute({
  path: '/v3/bars/{cid}',
  id: 'getBars',
  tag: 'derived',
  summary: 'Bars by time, ticks or volume, of trades or of the mid, over a range or live',
  pathParameters: { cid: CONTRACT },
  query: { interval, of, trades, reset, clock, ...TIME_RANGE, ...STUDY_ANSWER_PARAMETERS },
  answers: studyAnswers(BAR.meta({ id: 'Bar' }), 'BarsAnswer'),
  events: ['info', 'output', 'live', 'complete', 'error'],
  errors: [...HISTORY_ERRORS, ...LIVE_STREAM_ERRORS],
  handle: async (call, deps) => {
    const { needsCalendar, ...prepared } = prepare('bars', call.request.query as Record<string, unknown>)
    const cid = await deps.contracts.cidOf(call.path.cid)
    return answerStudy(call, deps, { cid, prepared, needsCalendar })
  },
})
