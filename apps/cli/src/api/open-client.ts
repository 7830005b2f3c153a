import { Client } from '@ib-stream/client'
import { dataDirOf, loadDotEnv } from '../data-dir.ts'
import { CliError } from '../errors.ts'
import { readRunning } from '../up/running.ts'

const DEFAULT_PORT = '8851'

export interface ApiFlags {
  url: string | undefined
  key: string | undefined
}

type Env = Readonly<Record<string, string | undefined>>

/** The client of the API that the flags name. @throws CliError `IBS_CLI_OPTION_INVALID` */
export async function openClient({ url: given, key }: ApiFlags, env: Env): Promise<Client> {
  const url = given ?? (await findUrl(env))
  if (!URL.canParse(url)) throw new CliError('IBS_CLI_OPTION_INVALID', `--url ${url}: an address, e.g. http://127.0.0.1:8851`)
  const apiKey = key ?? env.IB_STREAM_API_KEY
  return new Client({ url, apiKey: apiKey === '' ? undefined : apiKey })
}

/** Where query-api is: API_URL or PORT of the environment; else where the `up` that runs on the recording has it; else PORT of .env, or 8851. */
export async function findUrl(env: Env): Promise<string> {
  if (env.API_URL) return env.API_URL
  if (env.PORT) return `http://127.0.0.1:${env.PORT}`
  const running = await readRunning(dataDirOf(undefined))
  if (running) return running.apiUrl
  loadDotEnv()
  return `http://127.0.0.1:${process.env.PORT || DEFAULT_PORT}`
}
