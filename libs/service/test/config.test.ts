import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../src/config.ts'

const problemsOf = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env)
  } catch (error) {
    return (error as { facts: { problems: string[] } }).facts.problems
  }
  return []
}

describe('loadConfig', () => {
  it('without IB_HOST is the simulator, in a folder of its own, with two contracts', () => {
    const config = loadConfig({})
    expect(config.source).toBe('simulator')
    expect(config.dataDir).toBe(resolve('data-sim'))
    expect(config.gateway).toEqual({ host: '127.0.0.1', ports: [4002], clientId: 851, connectTimeoutMs: 15_000 })
    expect(config.tracked.map(({ cid, tickTypes }) => [cid, tickTypes])).toEqual([
      [711280073, ['bid_ask', 'last']],
      [265598, ['bid_ask', 'last']],
    ])
  })

  it('with IB_HOST is the gateway, tracks what is named, and nothing of its own', () => {
    const config = loadConfig({ IB_HOST: 'tws', IB_PORTS: '7497, 7496' })
    expect(config).toMatchObject({
      source: 'gateway',
      tracked: [],
      dataDir: resolve('data'),
      gateway: { host: 'tws', ports: [7497, 7496] },
    })
  })

  it('takes an empty variable as unset, and 0 as a value', () => {
    expect(loadConfig({ IB_HOST: '', IB_CLIENT_ID: '0' })).toMatchObject({ source: 'simulator', gateway: { clientId: 0 } })
  })

  it('is frozen', () => {
    expect(Object.isFrozen(loadConfig({}))).toBe(true)
  })

  it('names every wrong setting at once, with value and rule', () => {
    const problems = problemsOf({
      PORT: '99999',
      LOG_LEVEL: 'loud',
      IB_PORTS: '4002,x',
      IB_STREAM_BACKENDS: 'json,csv',
      IB_STREAM_TRACKED_CONTRACTS: '0:MNQ,5:AAPL:BidAsk',
    })
    expect(problems).toHaveLength(6)
    for (const name of ['PORT=99999', 'LOG_LEVEL=loud', 'IB_PORTS=4002,x', 'IB_STREAM_BACKENDS=json,csv', '"0:MNQ"', '"BidAsk"']) {
      expect(problems.some((problem) => problem.includes(name))).toBe(true)
    }
  })
})
