import { join } from 'node:path'
import type { Clock, Config, Service } from '@ib-stream/service'
import { CaptureWriter } from './capture-writer.ts'

/** The capture of raw frames, where it is asked for. */
export function openCapture(
  { captureMaxBytes, dataDir }: Pick<Config, 'captureMaxBytes' | 'dataDir'>,
  service: Service,
  clock: Clock,
): CaptureWriter | undefined {
  if (captureMaxBytes === 0) return undefined
  const folder = join(dataDir, 'capture')
  const onTrouble = (reason: string) => service.log.error({ folder, reason }, 'capture')
  const capture = new CaptureWriter({ folder, maxBytes: captureMaxBytes, clock, onTrouble })
  service.report('capture', () => ({
    state: capture.leftOut > 0 ? 'has_holes' : 'capturing',
    ready: true,
    folder,
    leftOut: capture.leftOut,
  }))
  return capture
}
