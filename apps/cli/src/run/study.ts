import { openClient } from '../api/open-client.ts'
import type { Call } from '../command/define-command.ts'
import type { command } from '../commands/study.ts'
import type { Output } from '../output/output.ts'
import { recordLine } from '../output/record-line.ts'
import { printOutputs } from './print-outputs.ts'
import { shownZone } from './shown-zone.ts'
import { invalid } from './time-range.ts'

export async function run(call: Call<typeof command>): Promise<number> {
  const { args, flags, out, signal, env } = call
  const client = await openClient(flags, env)
  const { contract, study } = args
  if (contract === undefined) {
    const { studies } = await client.get('/v3/studies', { signal })
    await out.write(flags.json ? studies.map((one) => `${JSON.stringify(one)}\n`).join('') : listOf(out, studies))
    return 0
  }
  if (study === undefined) throw invalid('study', '', 'the name of a study; "ib-stream study" lists them')
  const zone = await shownZone(client, contract, flags.tz, signal)
  return await printOutputs(call, {
    ...{ client, contract, study },
    parameters: { ...parametersOf(flags.parameter), reset: flags.reset },
    lineOf: (record) => recordLine(out, record, zone),
  })
}

interface Study {
  name: string
  title: string
  parameters: object
}

function listOf(out: Output, studies: readonly Study[]): string {
  const lines = studies.map(({ name, title, parameters }) => {
    const { properties = {} } = parameters as { properties?: Record<string, { description?: string; default?: unknown }> }
    const rows = Object.entries(properties)
      .filter(([key]) => key !== 'session') // it is --reset here
      .map(([key, { description = '', default: usual }]) => {
        const words = `${description}${usual === undefined ? '' : ` (default: ${JSON.stringify(usual)})`}`
        return `    ${out.paint('green', key.padEnd(22))} ${words}\n`
      })
    return `${out.paint('bold', name)}  ${title}\n${rows.join('')}`
  })
  return lines.join('')
}

/** @throws CliError `IBS_CLI_OPTION_INVALID` */
function parametersOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([a-z_]+)=(.+)$/.exec(text) ?? []
      if (name === undefined || value === undefined) throw invalid('--parameter', text, 'name=value, e.g. window_seconds=60')
      return [name, value]
    }),
  )
}
