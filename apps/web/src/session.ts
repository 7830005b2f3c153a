import { Client, ClientError } from '@ib-stream/client'
import { byId } from './dom.ts'

const KEY = 'ib-stream.key'

/** The API as this tab uses it. A key lives as long as the tab does. */
export const client = new Client({ apiKey: sessionStorage.getItem(KEY) ?? undefined })

/** Opens where a key is needed, or the one that was given is not known. */
export function askForKey(problem: string): void {
  const dialog = byId<HTMLDialogElement>('key-dialog')
  byId('key-problem').textContent = sessionStorage.getItem(KEY) === null ? '' : problem
  if (dialog.open) return
  byId<HTMLFormElement>('key-form').addEventListener(
    'submit',
    () => {
      sessionStorage.setItem(KEY, byId<HTMLInputElement>('key-input').value.trim())
      location.reload()
    },
    { once: true },
  )
  dialog.showModal()
}

/** What is wrong, in words; asks for a key where that is what is wrong. Undefined: it was called off. */
export function explained(error: unknown): string | undefined {
  if (error instanceof DOMException && error.name === 'AbortError') return undefined
  if (error instanceof ClientError) {
    if (error.code === 'IBS_QUERY_KEY_MISSING') askForKey('This key is not known.')
    return error.message.slice(error.code.length + 2)
  }
  return error instanceof Error ? error.message : String(error)
}

/** Runs again and again, a while after the last run ended, until the signal aborts; the tab need not be seen. */
export function repeating(run: () => Promise<void>, everyMs: number, signal?: AbortSignal): void {
  const again = async () => {
    if (signal?.aborted) return
    await run()
    setTimeout(() => void again(), everyMs)
  }
  void again()
}
