import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parseFailPoint } from '../src/fail-point.ts'

/** A process that reaches label `a` three times and says each; gives what it said and how it ended. */
async function run(setting: string): Promise<{ said: string; signal: unknown }> {
  const module = resolve(__dirname, '../src/fail-point.ts')
  const script = `import { writeSync } from 'node:fs'; import { failPoint } from ${JSON.stringify(module)}; for (const n of [1, 2, 3]) { failPoint('a'); writeSync(1, String(n)) }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, IB_STREAM_FAIL_POINT: setting },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', (text) => {
    said += String(text)
  })
  const [, signal] = await once(child, 'close')
  return { said, signal }
}

describe('a fail-point', () => {
  it('reads action, time and label', () => {
    expect(parseFailPoint(undefined)).toBeUndefined()
    expect(parseFailPoint('kill fsync it')).toEqual({ action: 'kill', time: 1, label: 'fsync it' })
    expect(parseFailPoint('pause 12 fsync it')).toEqual({ action: 'pause', time: 12, label: 'fsync it' })
    expect(() => parseFailPoint('fsync it')).toThrow('IB_STREAM_FAIL_POINT=fsync it: write "kill LABEL"')
  })

  it('kills the process just before the step, at the time that was asked for, and does nothing without a setting', async () => {
    expect(await run('kill a')).toEqual({ said: '', signal: 'SIGKILL' })
    expect(await run('kill 3 a')).toEqual({ said: '12', signal: 'SIGKILL' })
    expect(await run('kill b')).toEqual({ said: '123', signal: null })
    expect(await run('')).toEqual({ said: '123', signal: null })
  })
})
