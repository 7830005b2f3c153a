import { request } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { loadConfig } from '../src/config.ts'
import { serveHealth } from '../src/health.ts'
import { startService } from '../src/service.ts'

const config = loadConfig({ LOG_LEVEL: 'silent', HEALTH_PORT: '0' })

describe('startService', () => {
  it('is ready exactly when every part is, and says which is not', async () => {
    await using service = await startService('trial', config)
    let ready = true
    service.report('bus', () => ({ state: ready ? 'connected' : 'disconnected', ready }))
    const ask = (path: string) => fetch(`http://127.0.0.1:${service.healthPort}${path}`)
    expect((await ask('/ready')).status).toBe(200)
    ready = false
    const answer = await ask('/health')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({
      service: 'trial',
      state: 'degraded',
      ready: false,
      parts: { bus: { state: 'disconnected' } },
    })
  })

  it('serves metrics and tells of its pages on an unknown path', async () => {
    await using service = await startService('trial', config)
    expect(await (await fetch(`http://127.0.0.1:${service.healthPort}/metrics`)).text()).toContain('process_cpu_seconds_total')
    expect((await fetch(`http://127.0.0.1:${service.healthPort}/x`)).status).toBe(404)
  })

  it.each(['//', '///health', '/\\\\', '*'])(
    'regression: answers a request for %s, which no URL parser takes, and goes on',
    async (path) => {
      await using service = await startService('trial', config)
      const status = await new Promise((resolve, reject) => {
        const asked = request({ port: service.healthPort, host: '127.0.0.1', path }, (response) => resolve(response.resume().statusCode))
        asked.on('error', reject).end()
      })
      expect(status).toBe(404)
      expect((await fetch(`http://127.0.0.1:${service.healthPort}/health?x=1`)).status).toBe(200)
    },
  )

  it('aborts `stopping` on SIGTERM', async () => {
    await using service = await startService('trial', config)
    process.emit('SIGTERM', 'SIGTERM')
    expect(service.stopping.aborted).toBe(true)
  })

  it('names a taken port', async () => {
    const first = await serveHealth({ health: () => ({}) as never, metrics: async () => '' }, { host: '127.0.0.1', port: 0 })
    await expect(startService('trial', { ...config, healthPort: first.port })).rejects.toMatchObject({ code: 'IBS_SERVICE_PORT_TAKEN' })
    await first.close()
  })
})
