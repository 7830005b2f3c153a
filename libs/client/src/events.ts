import type { ClientError } from './errors.ts'

/** What a stream tells besides ticks: the server's events (docs/reference/http-api.md), and `reconnecting` of the client itself. */
export type StreamEvent =
  | { name: 'reconnecting'; inMs: number; cause: ClientError }
  /** A stream begins, or what becomes of the recording that feeds it. */
  | {
      name: 'info'
      data: { status: string; contract_ids: readonly number[]; tick_types: readonly string[]; reason?: string; code?: string }
    }
  /** The history is through. */
  | { name: 'live'; data: Record<string, never> }
  /** The log no longer holds what came between these moments (ISO): of ticks that were late then, some may be missing. */
  | { name: 'resume_incomplete'; data: { from: string; to: string } }
  /** A replay changed its state. */
  | { name: 'replay'; data: { state: 'playing' | 'paused'; speed: number | 'max'; position: string; start?: string; end?: string } }
  /** What happened to the recording, where it happened (docs/reference/nats.md has the fields). */
  | { name: 'connection' | 'gap_opened' | 'gap' | 'lost'; data: Readonly<Record<string, unknown>> }
  | { name: 'complete'; data: { reason: string; ticks: number; seconds: number; resume?: string } }
  | { name: 'error'; data: { code: string; message: string; resume?: string } }
