import type { SourceFile } from './find-units.ts'
import type { HourKey, HourSpool } from './hour-spool.ts'
import type { SourceRecord } from './records.ts'
import type { ImportFault, ImportReport } from './report.ts'
import { readSource } from './source-file.ts'

interface UnitReaderOptions {
  spool: HourSpool
  report: ImportReport
  zone: string | undefined
  signal: AbortSignal | undefined
  onFault(fault: ImportFault): void
  /** Called with the bytes of the unit read so far. */
  onBytes(bytes: number): void
}

/** Puts the ticks of source files into the spool, and counts. */
export class UnitReader {
  readonly #options: UnitReaderOptions

  constructor(options: UnitReaderOptions) {
    this.#options = options
  }

  /** @returns the hours that got ticks, and how many records could not be turned */
  async read(files: readonly SourceFile[]): Promise<{ hours: Set<HourKey>; faults: number }> {
    const { spool, zone, signal, onBytes } = this.#options
    const hours = new Set<HourKey>()
    let faults = 0
    let before = 0
    for (const file of files) {
      const taking = new FileTaking(file, this.#options, hours)
      for await (const records of readSource(file.path, { zone, signal, onBytes: (bytes) => onBytes(before + bytes) })) {
        for (const record of records) taking.take(record)
        await spool.relieve()
      }
      taking.end()
      faults += taking.faults
      before += file.bytes
    }
    return { hours, faults }
  }
}

class FileTaking {
  faults = 0
  readonly #file: SourceFile
  readonly #options: UnitReaderOptions
  readonly #hours: Set<HourKey>
  /** One object a form, for the spool knows where it is by it. */
  readonly #origins = new Map<string, { recording: string; path: string; form: { name: string; rank: number } }>()

  constructor(file: SourceFile, options: UnitReaderOptions, hours: Set<HourKey>) {
    this.#file = file
    this.#options = options
    this.#hours = hours
  }

  take({ turned, line, offsetBytes }: SourceRecord): void {
    const { spool, report, onFault } = this.#options
    if ('tick' in turned) {
      const { recording, path } = this.#file
      const origin = this.#origins.get(turned.form.name) ?? { recording, path, form: turned.form }
      this.#origins.set(turned.form.name, origin)
      this.#hours.add(spool.add(turned.tick, origin))
      report.ticks += 1
      this.#formReport(turned.form.name).ticks += 1
    } else if ('other' in turned) report.others += 1
    else {
      this.faults += 1
      report.faults += 1
      const place = line === undefined ? { offsetBytes: offsetBytes ?? 0 } : { line }
      onFault({ path: this.#file.path, ...place, reason: turned.fault })
    }
  }

  end(): void {
    const { report } = this.#options
    report.files += 1
    report.bytes += this.#file.bytes
    const [form] = this.#origins.keys()
    if (form === undefined) return
    this.#formReport(form).files += 1
    this.#formReport(form).bytes += this.#file.bytes
  }

  #formReport(form: string): { files: number; bytes: number; ticks: number } {
    const { read } = this.#options.report
    read[form] ??= { files: 0, bytes: 0, ticks: 0 }
    return read[form]
  }
}
