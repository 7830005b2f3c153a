import { type Bus, CONTRACT_LOOKUP, CONTRACT_RESOLVE, listen } from '@ib-stream/bus'
import type { ContractAnswer, ContractQuery } from '@ib-stream/model'
import { contractQuery } from './contract-query.ts'

export interface ContractDeskParts {
  /** A JSON `ContractQuery` in, a JSON `ContractAnswer` out. */
  lookUp: (query: ContractQuery) => Promise<ContractAnswer>
  /** The name of a contract as text in, a JSON `ContractAnswer` out. */
  resolve: (name: string) => Promise<ContractAnswer>
}

/** Answers look-ups over the bus until it is closed; every request gets an answer, also one that cannot be read. */
export function openContractDesk(bus: Bus, { lookUp, resolve }: ContractDeskParts): { close(): void } {
  const serve = (subject: string, work: (text: string) => Promise<string>) =>
    listen(bus, subject, (message) => void work(message.string()).then((text) => message.respond(text)))
  const requests = [
    serve(CONTRACT_LOOKUP, (text) => answer(text, lookUp)),
    serve(CONTRACT_RESOLVE, async (text) => JSON.stringify(await resolve(text))),
  ]
  return {
    close: () => {
      for (const one of requests) one.close()
    },
  }
}

async function answer(text: string, lookUp: (query: ContractQuery) => Promise<ContractAnswer>): Promise<string> {
  const query = contractQuery.safeParse(parsed(text))
  return JSON.stringify(query.success ? await lookUp(given(query.data)) : invalid(query.error.issues[0]))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // the rule says what it must be
  }
}

/** Without the fields that were not given. */
const given = (query: object): ContractQuery => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))

function invalid(issue: { path: PropertyKey[]; message: string } | undefined): ContractAnswer {
  const field = issue?.path.map(String).join('.') || '-'
  return { ok: false, code: 'IBS_INGEST_QUERY_INVALID', field, message: `${field}: ${issue?.message ?? 'it cannot be read'}` }
}
