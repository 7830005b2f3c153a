import type { ComposeStack } from './compose-stack.ts'
import { docker } from './docker.ts'

interface Sample {
  cpuPercent: number
  megabytes: number
}

/** CPU and memory of every service, all its containers together, as the engine counts them. */
export class Usage implements AsyncDisposable {
  readonly #stack: ComposeStack
  readonly #samples = new Map<string, Sample[]>()
  readonly #timer: NodeJS.Timeout
  #sampling: Promise<void> | undefined

  constructor(stack: ComposeStack, everyMs: number) {
    this.#stack = stack
    this.#timer = setInterval(() => {
      this.#sampling ??= this.#sample()
        .catch(() => undefined) // a container ended while it was looked at: the next sample has the others
        .finally(() => {
          this.#sampling = undefined
        })
    }, everyMs)
  }

  async #sample(): Promise<void> {
    const running = (await this.#stack.containers()).filter(({ State, Service }) => State === 'running' && Service !== 'prepare')
    const text = await docker('stats', '--no-stream', '--format', '{{.ID}} {{.CPUPerc}} {{.MemUsage}}', ...running.map(({ ID }) => ID))
    const sums = new Map<string, Sample>()
    for (const line of text.trimEnd().split('\n')) {
      const [id = '', cpu = '', memory = ''] = line.split(' ')
      const service = running.find(({ ID }) => ID.startsWith(id) || id.startsWith(ID))?.Service ?? 'unknown'
      const before = sums.get(service) ?? { cpuPercent: 0, megabytes: 0 }
      sums.set(service, { cpuPercent: before.cpuPercent + Number.parseFloat(cpu), megabytes: before.megabytes + megabytesOf(memory) })
    }
    for (const [service, sum] of sums) this.#samples.set(service, [...(this.#samples.get(service) ?? []), sum])
  }

  /** A line for each service: CPU on average and memory on average and at most, in percent of one core and MB (10^6). */
  table(): string {
    const rows = [...this.#samples]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([service, samples]) => {
        const mean = (key: keyof Sample) => samples.reduce((sum, sample) => sum + sample[key], 0) / samples.length
        const most = Math.max(...samples.map(({ megabytes }) => megabytes))
        return `| ${service} | ${mean('cpuPercent').toFixed(1)} | ${Math.round(mean('megabytes'))} | ${Math.round(most)} |\n`
      })
    return `| service | CPU, % of a core | memory, MB | most |\n|---|---|---|---|\n${rows.join('')}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#sampling
  }
}

const BYTES: Record<string, number> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** "91.2MiB" as MB. */
function megabytesOf(text: string): number {
  const [, number = '0', unit = 'B'] = /^([\d.]+)([A-Za-z]+)/.exec(text) ?? []
  return (Number(number) * (BYTES[unit] ?? 1)) / 1e6
}
