import { defineCommand } from '../command/define-command.ts'
import { argument, text } from '../command/option.ts'
import { API, json, types } from '../command/shared-options.ts'

const name = argument('contract', 'contract id or name; MNQ.front moves on with the roll')

export const list = defineCommand({
  name: 'tracked list',
  group: 'contracts',
  summary: 'what is recorded by itself, the most important first',
  options: { json: json('the answer of the API'), ...API },
  examples: [{ run: 'tracked list', does: 'contracts and their tick types' }],
  endsWithReader: true,
  interrupt: 'stops',
})

export const add = defineCommand({
  name: 'tracked add',
  group: 'contracts',
  summary: 'have a contract recorded from now on, or change which tick types of it are',
  args: { contract: name },
  options: {
    types: types('bid_ask,last'),
    symbol: text('--symbol <name>', 'what people call it', { shown: 'as IB does' }),
    json: json('the answer of the API'),
    ...API,
  },
  examples: [{ run: 'tracked add IBM -t last', does: 'the trades of IBM, from now on' }],
  interrupt: 'stops',
})

export const remove = defineCommand({
  name: 'tracked remove',
  group: 'contracts',
  summary: 'have a contract recorded no longer by itself; what was recorded stays',
  args: { contract: argument('contract', 'its name on the list') },
  options: { ...API },
  examples: [{ run: 'tracked remove IBM', does: 'off the list again' }],
  interrupt: 'stops',
})
