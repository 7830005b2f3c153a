import { createServer } from 'node:net'
import { CliError } from '../errors.ts'

const MOST_TRIED = 200

/** Gives out ports: the wanted one, or the next that is free; none twice. A port that another program holds is said. */
export class Ports {
  #given = new Set<number>()
  #host: string
  #say: (line: string) => void

  constructor(host: string, say: (line: string) => void) {
    this.#host = host
    this.#say = say
  }

  /**
   * @param host where it will listen
   * @throws CliError `IBS_CLI_NO_PORT`
   */
  async take(what: string, wanted: number, host = this.#host): Promise<number> {
    let foreign: number | undefined
    for (let port = wanted; port < Math.min(wanted + MOST_TRIED, 65_536); port++) {
      if (this.#given.has(port)) continue
      if (await isFree(host, port)) {
        this.#given.add(port)
        if (foreign !== undefined) this.#say(`port ${foreign} is taken: ${what} is on ${port}`)
        return port
      }
      foreign ??= port
    }
    throw new CliError('IBS_CLI_NO_PORT', `no free port from ${wanted} on for ${what}; stop what holds them, or set another`, {
      what,
      wanted,
    })
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
