import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { CONTRACT } from '../contracts/contract-ref.ts'
import { answerHistory, timeRangeText } from '../history/answer-history.ts'
import { HISTORY_ERRORS, historyAnswers } from '../history/history-answers.ts'
import { HISTORY_PARAMETERS } from '../history/history-parameters.ts'

export const queryHistory = defineRoute({
  path: '/v3/buffer/{cid}/query',
  id: 'queryHistory',
  tag: 'history',
  summary: 'Recorded ticks of a range [start, end) on ts, merged over tick types',
  description: 'HEAD counts them.',
  pathParameters: { cid: CONTRACT },
  query: HISTORY_PARAMETERS,
  answers: historyAnswers({ contract_id: z.int() }, 'HistoryAnswer'),
  errors: HISTORY_ERRORS,
  handle: async (call, deps) => {
    const cid = await deps.contracts.cidOf(call.path.cid)
    return answerHistory(call, [cid], deps, (asked) => ({
      contract_id: cid,
      tick_types: asked.tickTypes,
      format: 'json',
      time_range: timeRangeText(asked),
    }))
  },
})
