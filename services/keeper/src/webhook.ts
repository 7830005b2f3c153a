import { hostname } from 'node:os'
import type { Alert } from './alerts.ts'

const ANSWER_WITHIN_MS = 10_000

export interface Webhook {
  /** @throws what fetch throws, or an Error with the status for an answer that is not 2xx */
  post(alert: Alert, signal: AbortSignal): Promise<void>
}

/** Posts an alert as one JSON object; `text` is what Slack, Mattermost and their like show, the rest is for programs. */
export function openWebhook(url: string, facts: { instance: string; source: string }): Webhook {
  return {
    post: async ({ told: _, ...alert }, signal) => {
      const name = facts.instance === '' ? 'ib-stream' : `ib-stream ${facts.instance}`
      const text = `${name} on ${hostname()} (${facts.source}): ${alert.state === 'firing' ? 'ALERT' : 'over'} ${alert.alert}: ${alert.summary}`
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text, ...alert, host: hostname(), ...facts }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`the webhook answered ${response.status}`)
    },
  }
}
