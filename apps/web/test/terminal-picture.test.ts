import { expect, it } from '@jest/globals'
import { terminalPage } from './terminal-picture.ts'

const bodyOf = (sent: string): string => /<pre>([\s\S]*)<\/pre>/.exec(terminalPage(sent, 80))?.[1] ?? ''

it('shows colours until they end, and nothing of a text as HTML', () => {
  expect(bodyOf('␛[32mok␛[39m a<b')).toBe('<span style="color:#56d364">ok</span><span style=""> a&lt;b</span>')
  expect(bodyOf('␛[1m␛[31mbad␛[22m red␛[0m')).toContain('<span style="color:#ff7b72"> red</span>')
})

it('shows of a line that was written over what stood last', () => {
  expect(bodyOf('10 %\r␛[K100 %\r\ndone\r\n')).toBe('100 %\ndone\n')
})
