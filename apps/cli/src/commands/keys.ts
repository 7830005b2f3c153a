import { defineCommand } from '../command/define-command.ts'
import { argument, text, wordOr } from '../command/option.ts'
import { json } from '../command/shared-options.ts'

const file = text('--file <path>', 'the file of keys', { completes: 'file', shown: 'API_KEYS_FILE' })
const SCOPES = ['read', 'admin'] as const

export const list = defineCommand({
  name: 'keys list',
  group: 'service',
  summary: 'names and scopes of the API keys; keys themselves are not kept',
  options: { file, json: json('one JSON object a line') },
  examples: [{ run: 'keys list --file keys', does: 'who may ask' }],
  interrupt: 'stops',
})

export const add = defineCommand({
  name: 'keys add',
  group: 'service',
  summary: 'make an API key and print it, this once; query-api knows it within a second',
  args: { name: argument('name', 'what people call it: letters, digits, ., _ and -') },
  options: {
    scope: wordOr('--scope <scope>', 'read looks only, admin may change what is recorded', SCOPES, 'read'),
    file,
    json: json('the key as JSON'),
  },
  examples: [
    { run: 'keys add notebook --file keys', does: 'for a notebook that reads' },
    { run: 'keys add operator --scope admin --file keys', does: 'for who changes what is recorded' },
  ],
  interrupt: 'stops',
})

export const rotate = defineCommand({
  name: 'keys rotate',
  group: 'service',
  summary: 'give a name a new key and print it, this once; the old one counts no longer',
  args: { name: argument('name', 'as "keys list" has it') },
  options: { file },
  examples: [{ run: 'keys rotate notebook --file keys', does: 'when a key may be known to others' }],
  interrupt: 'stops',
})

export const remove = defineCommand({
  name: 'keys remove',
  group: 'service',
  summary: 'take an API key back; what still runs by it is ended within a second',
  args: { name: argument('name', 'as "keys list" has it') },
  options: { file },
  examples: [{ run: 'keys remove notebook --file keys', does: 'the notebook may ask no longer' }],
  interrupt: 'stops',
})
