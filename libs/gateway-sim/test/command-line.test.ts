import { describe, expect, it } from '@jest/globals'
import { parseCommandLine, USAGE } from '../src/command-line.ts'
import { resolveOptions } from '../src/options.ts'

describe('parseCommandLine', () => {
  it('reads every flag', () => {
    const line =
      '--host 0.0.0.0 --port 0 --seed 3 --rate 2.5 --replay a.gz --speed max --keep-times --hold --start-after 2 --exit-at-end --truth t --max-version 180'
    const command = parseCommandLine(line.split(' '), { HEALTH_PORT: '9000' })
    expect(command).toEqual({
      help: false,
      exitAtEnd: true,
      order: undefined,
      control: { host: '127.0.0.1', port: 9000 },
      options: {
        host: '0.0.0.0',
        port: 0,
        seed: 3,
        rate: 2.5,
        replay: 'a.gz',
        speed: 'max',
        keepTimes: true,
        hold: true,
        startAfter: 2,
        truth: 't',
        maxVersion: 180,
      },
    })
    for (const flag of line.split(' ').filter((word) => word.startsWith('--'))) expect(USAGE).toContain(flag)
  })

  it.each([
    [['--rate', 'fast'], '--rate must be a number, not "fast"'],
    [['--bogus'], "Unknown option '--bogus'"],
    [['extra'], 'extra'],
    [['--control', '70000'], '--control must be an integer from 0 to 65535, not 70000'],
    [['--control', '1.5'], '--control must be an integer from 0 to 65535, not 1.5'],
    [['fault', 'mute', '--url', 'localhost:8852'], '--url must be like http://127.0.0.1:8852, not "localhost:8852"'],
  ])('names what is wrong in %j', (args, why) => {
    expect(() => parseCommandLine(args, {})).toThrow(why)
  })
})

describe('resolveOptions', () => {
  it('fills in the documented defaults', () => {
    expect(resolveOptions({})).toMatchObject({
      host: '127.0.0.1',
      port: 4002,
      rate: 1,
      speed: 1,
      maxVersion: 193,
      slowClientBytes: 8388608,
    })
  })

  it('tells all problems at once, by flag', () => {
    const wrong = { port: 70_000, rate: 0, speed: -1, startAfter: 0, maxVersion: 194 }
    expect(() => resolveOptions(wrong)).toThrow(/--port .*--rate .*--speed .*--start-after .*--max-version/)
  })
})
