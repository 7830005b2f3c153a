import { US_PER_SECOND } from '@ib-stream/model'
import type { Clock, Service } from '@ib-stream/service'
import { Gauge } from 'prom-client'
import type { Recorder } from '../recorder.ts'
import type { ClockSteps } from './clock-steps.ts'
import { type ClockNews, ClockWatch } from './clock-watch.ts'
import { LagHistogram } from './lag-histogram.ts'

/** The clock watch with its health part, metrics, log lines and events. */
export function watchClock(
  service: Service,
  { clock, steps, recorder }: { clock: Clock; steps: ClockSteps; recorder(): Recorder | undefined },
): ClockWatch {
  const registers = [service.metrics]
  const lags = new LagHistogram(service.metrics)
  const watch = new ClockWatch({
    clock,
    onNews: (news: ClockNews) => {
      service.log[news.state === 'agrees' ? 'info' : 'warn'](news, news.kind)
      recorder()?.announce(news)
    },
    onLag: (tt, lagUs) => lags.observe(tt, lagUs),
  })
  new Gauge({
    name: 'ibs_ingest_clock_offset_seconds',
    help: 'Our clock minus that of IB, as far as its whole seconds tell; 0 as long as they may be the same',
    registers,
    collect() {
      this.set(watch.offsetUs / US_PER_SECOND)
    },
  })
  service.report('clock', () => {
    const { state, bounds, streamLags } = watch
    const off = streamLags.filter(({ isOff }) => isOff)
    return { state: state === 'agrees' && off.length > 0 ? 'stream_off' : state, ready: true, offset: bounds ?? null, streams: streamLags }
  })
  steps.listen((byUs) => watch.hearStep(byUs))
  return watch
}
