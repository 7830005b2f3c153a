import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connect } from '@nats-io/transport-node'
import { freePort } from '../support/free-port.ts'
import { nodeProgram, ROOT } from '../support/program.ts'
import { parseLines } from '../support/ticks.ts'
import { waitFor } from '../support/wait-for.ts'
import { ComposeStack, TEST_IMAGE } from './compose-stack.ts'
import { docker } from './docker.ts'
import { CIDS, RECORDED, Recording } from './recording.ts'

const SERVICES = ['gateway-sim', 'ingest', 'keeper', 'nats', 'prepare', 'query-api', 'writer-json', 'writer-parquet', 'writer-proto']

/** Ticks that its first writer of JSON has taken; 0 before it answers. */
async function ticksWritten(stack: ComposeStack): Promise<number> {
  const page = await stack.health('writer-json').catch(() => undefined)
  return (page?.parts as { writer?: { ticks: number } } | undefined)?.writer?.ticks ?? 0
}

/** One stack for the whole file, through whose life the tests go in their order; the last one judges all of it. */
describe('docker compose up', () => {
  let recording: Recording
  let stack: ComposeStack

  beforeAll(async () => {
    recording = await Recording.start()
    stack = recording.stack
  }, 600_000)

  afterAll(() => recording?.[Symbol.asyncDispose](), 120_000)

  const ticksFlow = () => recording.ticksFlow()

  it('brings every service up, healthy by its own check, and the first tick is stored and answered', async () => {
    const begunMs = performance.now()
    const [queryApi] = await stack.containers('query-api')
    await stack.compose('up', '--detach', '--no-build')
    expect((await stack.containers('query-api'))[0]?.ID).toBe(queryApi?.ID) // what runs already is left alone
    const stored = async () => {
      const answer = await fetch(`${stack.apiUrl}/v3/buffer/${CIDS[0]}/query?format=ndjson`).catch(() => undefined)
      return answer !== undefined && parseLines(await answer.text()).length > 0
    }
    await waitFor('the first tick is answered', stored, 60_000)
    process.stderr.write(`docker compose up → first tick answered: ${((performance.now() - begunMs) / 1_000).toFixed(1)} s\n`)
    await stack.healthy()
    expect([...new Set((await stack.containers()).map(({ Service }) => Service))].sort()).toEqual(SERVICES)
    await ticksFlow()
  })

  it('runs nothing of ours as root, gives no container a capability, a file system to write to but its data, or memory, processes and logs without end, and publishes on the loopback address only', async () => {
    for (const { ID, Service, Publishers } of await stack.containers()) {
      for (const { URL, PublishedPort } of Publishers ?? []) if (PublishedPort > 0) expect([Service, URL]).toEqual([Service, '127.0.0.1'])
      if (Service === 'prepare') continue // it has ended; it gave folders to the user of the others
      expect([Service, (await stack.exec(Service, 'id', '-u')).trim()]).toEqual([Service, '1000'])
      const [found] = JSON.parse(await docker('inspect', ID)) as [{ HostConfig: Record<string, unknown> }]
      expect(found.HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        Privileged: false,
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
        PidsLimit: 256,
        Memory: (Service === 'nats' ? 2 : 1) * 2 ** 30,
        RestartPolicy: { Name: Service === 'gateway-sim' ? 'on-failure' : 'unless-stopped' },
      })
      for (const path of ['/tmp/x', '/etc/x', ...(Service === 'nats' ? [] : ['/app/x'])]) {
        await expect(stack.exec(Service, 'sh', '-c', `echo > ${path}`)).rejects.toThrow(/Read-only file system|read-only/i)
      }
    }
  })

  it('gives each service its own NATS key and no other, and lets who comes without one listen only', async () => {
    for (const service of ['ingest', 'writer-json', 'writer-proto', 'writer-parquet', 'keeper', 'query-api'])
      expect((await stack.exec(service, 'sh', '-c', 'cd /credentials && echo *')).trim()).toBe(service)
    const viewer = await connect({ servers: stack.natsUrl })
    try {
      const heard: string[] = []
      viewer.subscribe('ticks.>', { callback: (_, { subject }) => void heard.push(subject) })
      await waitFor('ticks are heard', () => heard.length > 0)
      await expect(viewer.request('ib.contracts.resolve', 'AAPL', { timeout: 5_000 })).rejects.toThrow(/permissions violation/i)
    } finally {
      await viewer.close()
    }
    const refused = await recording.refusals('nats')
    expect(refused.filter((line) => !line.includes('User "viewer"'))).toEqual([])
    expect(refused.length).toBeGreaterThan(0)
  })

  it('has the command line with a key of its own: it asks the owners of files, ingest, and query-api', async () => {
    const cli = (...args: string[]) => stack.compose('run', '--rm', '-T', '--no-deps', 'cli', ...args)
    await cli('repair', '--dry-run')
    expect(parseLines(await cli('query', String(CIDS[0]), '--last', '1m', '--format', 'ndjson')).length).toBeGreaterThan(0)
  })

  it('runs a second instance beside it that shares nothing with it', async () => {
    await using second = await ComposeStack.make(RECORDED)
    await second.compose('up', '--detach', '--no-build', 'query-api', 'ingest', 'writer-json')
    await waitFor('it records', async () => (await ticksWritten(second)) > 10, 60_000)
    await ticksFlow()
  })

  it('scales the writers 1 → 3 → 1 while ticks flow', async () => {
    for (const count of [3, 1]) {
      await stack.compose(
        'up',
        '--detach',
        '--no-build',
        '--no-recreate',
        '--scale',
        `writer-json=${count}`,
        '--scale',
        `writer-proto=${count}`,
        '--scale',
        `writer-parquet=${count}`,
      )
      await stack.healthy()
      const running = (await stack.containers('writer-json')).filter(({ State }) => State === 'running')
      expect(running).toHaveLength(count)
      await ticksFlow()
    }
  })

  it.each(['writer-json', 'writer-proto', 'writer-parquet', 'nats', 'query-api', 'keeper'])(
    'comes back when %s is killed',
    async (service) => {
      await stack.compose('kill', service) // by a person's hand: compose does not restart it by itself
      await stack.compose('up', '--detach', '--no-build', '--no-recreate')
      await stack.healthy()
      await ticksFlow()
    },
  )

  it('restarts by itself what dies by itself', async () => {
    const [before] = await stack.containers('writer-json')
    const pid = JSON.parse(await docker('inspect', String(before?.ID)))[0].State.Pid as number
    process.kill(pid, 'SIGKILL')
    await waitFor('another process runs', async () => {
      const { State } = JSON.parse(await docker('inspect', String(before?.ID)))[0] as { State: { Pid: number; Running: boolean } }
      return State.Running && State.Pid !== pid
    })
    await stack.healthy('writer-json')
  })

  it('turns red where NATS is away, in each service that needs it, and green when it is back', async () => {
    await stack.compose('stop', 'nats')
    await waitFor(
      'ingest and the writers are not healthy',
      async () => {
        const health = new Map((await stack.containers()).map(({ Service, Health }) => [Service, Health]))
        return ['ingest', 'writer-json', 'writer-proto', 'writer-parquet'].every((service) => health.get(service) === 'unhealthy')
      },
      90_000,
    )
    await stack.compose('start', 'nats')
    await stack.healthy()
    await ticksFlow()
  })

  it('gave every tick that the simulator sent: once, in order, in every backend, live and by HTTP; also after down and up with the same volumes', async () => {
    await stack.compose('stop', 'gateway-sim')
    await recording.settled()
    for (const { ID, Service } of await stack.containers()) {
      const { RestartCount } = JSON.parse(await docker('inspect', ID))[0] as { RestartCount: number }
      expect([Service, RestartCount]).toEqual([Service, Service === 'writer-json' ? 1 : 0]) // it was killed; nothing else ever died
    }
    await stack.compose('down', '--timeout', '20')
    expect(await stack.containers()).toEqual([])
    await stack.compose('up', '--detach', '--no-build', 'nats', 'query-api', 'writer-json', 'writer-proto', 'writer-parquet', 'ingest')
    await stack.healthy('query-api', 'writer-json', 'writer-proto', 'writer-parquet')
    await stack.compose('stop', 'gateway-sim')
    const dataDir = await recording.settled()
    expect(existsSync(stack.truthFile)).toBe(true)
    const verdict = await recording.judge(dataDir)
    expect(verdict).toMatchObject({ counts: { lost: 0, doubled: 0, misordered: 0, changed: 0, undeclared: 0 }, findings: [] })
    expect(verdict.recorded).toBeGreaterThan(1_000)
  })
})

describe('a configured gateway', () => {
  it('needs no simulator, which ends at once and well; ingest says that nobody answers there, and what to do', async () => {
    await using stack = await ComposeStack.make({ IB_HOST: 'host.docker.internal', IB_PORTS: '9', ...RECORDED })
    await stack.compose('up', '--detach', '--no-build', 'gateway-sim', 'ingest')
    await waitFor('the simulator ended', async () => (await stack.containers('gateway-sim'))[0]?.State === 'exited', 60_000)
    expect((await stack.containers('gateway-sim'))[0]?.ExitCode).toBe(0)
    await waitFor('ingest tells', async () => /host\.docker\.internal/.test(await stack.compose('logs', 'ingest')), 60_000)
  })
})

describe('a gateway on this very machine', () => {
  it('is reached as host.docker.internal, and its ticks lie apart from simulated ones', async () => {
    const host = (await docker('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}')).trim()
    const port = String(await freePort())
    const flags = ['--host', host, '--port', port, '--lines', '100', '--repeat-seconds', '0']
    await using gateway = nodeProgram('gateway-sim', 'libs/gateway-sim/src/main.ts', {}, flags).start()
    await using stack = await ComposeStack.make({ ...RECORDED, IB_HOST: 'host.docker.internal', IB_PORTS: port })
    await stack.compose('up', '--detach', '--no-build', 'ingest', 'writer-json')
    await waitFor('it records', async () => (await ticksWritten(stack)) > 10, 60_000).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${gateway.output.slice(-2_000)}\n${await stack.compose('logs', '--tail', '20', 'ingest')}`)
    })
    expect((await stack.exec('writer-json', 'ls', '/data')).trim()).toBe('data')
  })
})

describe('the profile "gateway"', () => {
  it('lets ingest reach the gateway, and no other service', async () => {
    const settings = { COMPOSE_PROFILES: 'gateway', IB_HOST: 'ib-gateway', IB_PORTS: '4004', VNC_PORT: String(await freePort()) }
    await using stack = await ComposeStack.make({ ...RECORDED, ...settings })
    await stack.compose('up', '--detach', '--no-build', 'ib-gateway', 'ingest', 'writer-json')
    await waitFor('it records', async () => (await ticksWritten(stack)) > 10, 60_000)
    const find = ['node', '-e', "require('node:dns').lookup('ib-gateway', (error) => console.log(error ? error.code : 'found'))"]
    expect((await stack.exec('ingest', ...find)).trim()).toBe('found')
    expect((await stack.exec('writer-json', ...find)).trim()).not.toBe('found')
    const [gateway] = await stack.containers('ib-gateway')
    for (const { URL, PublishedPort } of gateway?.Publishers ?? []) if (PublishedPort > 0) expect(URL).toBe('127.0.0.1')
  })
})

describe('the image', () => {
  it('is the same, file by file, when it is built again from the same lockfile', async () => {
    const again = `${TEST_IMAGE}-again`
    await docker('build', '--quiet', '--no-cache', '--network', 'host', '--tag', again, ROOT)
    try {
      const list = 'cd /app && find . -type f -exec sha256sum {} + | sort && find . -printf "%p %m %u %l\\n" | sort'
      const [first, second] = await Promise.all([TEST_IMAGE, again].map((tag) => docker('run', '--rm', tag, 'sh', '-c', list)))
      expect(first?.split('\n').length).toBeGreaterThan(1_000)
      expect(second).toBe(first)
    } finally {
      await docker('image', 'rm', again)
    }
  })

  it('stops a service at SIGTERM, with 0, within a second', async () => {
    const id = (
      await docker('run', '--detach', '--init', '--read-only', TEST_IMAGE, 'node', '/app/libs/gateway-sim/src/main.ts', '--host', '0.0.0.0')
    ).trim()
    try {
      await waitFor('it listens', async () => /listening/.test(await docker('logs', id)))
      const begunMs = performance.now()
      await docker('stop', '--time', '10', id)
      expect(performance.now() - begunMs).toBeLessThan(5_000)
      expect(JSON.parse(await docker('inspect', id))[0].State.ExitCode).toBe(0)
    } finally {
      await docker('rm', '--force', id)
    }
  })

  it('has the packages that run it and no more', async () => {
    const names = (await docker('run', '--rm', TEST_IMAGE, 'ls', '/app/node_modules')).split('\n')
    expect(names).toContain('zod')
    for (const name of ['jest', 'typescript', '@swc', 'fast-check']) expect(names).not.toContain(name)
  })
})
