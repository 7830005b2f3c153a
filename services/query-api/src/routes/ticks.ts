import { z } from 'zod'
import { defineRoute } from '../api/route.ts'
import { CONTRACTS } from '../contracts/contract-ref.ts'
import { QueryError } from '../errors.ts'
import { answerHistory, timeRangeText } from '../history/answer-history.ts'
import { HISTORY_ERRORS, historyAnswers } from '../history/history-answers.ts'
import { HISTORY_PARAMETERS } from '../history/history-parameters.ts'

export const queryTicks = defineRoute({
  path: '/v3/ticks',
  id: 'queryTicks',
  tag: 'history',
  summary: 'Recorded ticks of several contracts in one time order',
  description: 'As /v3/buffer/{cid}/query, for several contracts.',
  query: { contracts: CONTRACTS, ...HISTORY_PARAMETERS },
  answers: historyAnswers({ contract_ids: z.array(z.int()) }, 'TicksAnswer'),
  errors: HISTORY_ERRORS,
  handle: async (call, deps) => {
    const names = call.query.contracts
    if (names === undefined) {
      throw new QueryError(
        'IBS_QUERY_PARAMETER_INVALID',
        'contracts is missing; name at least one, for example contracts=265598,711280073',
        {
          field: 'contracts',
          allowed: CONTRACTS.allowed,
        },
      )
    }
    const cids = [...new Set(await Promise.all(names.map((name) => deps.contracts.cidOf(name))))]
    return answerHistory(call, cids, deps, (asked) => ({
      contract_ids: cids,
      tick_types: asked.tickTypes,
      format: 'json',
      time_range: timeRangeText(asked),
    }))
  },
})
