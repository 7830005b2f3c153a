import { HOUSE_BACKENDS, type ImportReport } from '@ib-stream/storage'

const count = (value: number): string => value.toLocaleString('en-US')

/** The report in words. Sizes are measured: what the sources take on disk against what the files made of them take. */
export function importSummary(report: ImportReport): string {
  const { read, files, bytes, known, ticks, added, others, faults, leftOut, written } = report
  const lines = Object.entries(read).map(
    ([form, one]) => `read     ${form.padEnd(12)} ${count(one.files)} files, ${count(one.bytes)} bytes, ${count(one.ticks)} ticks`,
  )
  if (known.files > 0)
    lines.push(`known    ${count(known.files)} files, ${count(known.bytes)} bytes taken in before, ${count(known.faults)} faults in them`)
  for (const backend of HOUSE_BACKENDS) {
    const made = written[backend]
    if (made.files === 0) continue
    const change = bytes === 0 ? '' : `, ${percent(made.bytes, bytes)} than the sources`
    lines.push(
      `${report.dryRun ? 'would be' : 'made    '} ${backend.padEnd(12)} ${count(made.files)} files, ${count(made.bytes)} bytes, ${count(made.ticks)} ticks${change}`,
    )
  }
  lines.push(`ticks    ${count(ticks)} in ${count(files)} files, of which ${count(added)} new; ${count(others)} other messages`)
  lines.push(
    `faults   ${count(faults)} records could not be turned; ${count(leftOut.ticks)} ticks of ${count(leftOut.hours)} hours left out`,
  )
  return `${lines.join('\n')}\n`
}

function percent(after: number, before: number): string {
  const share = 100 * (1 - after / before)
  return share >= 0 ? `${share.toFixed(1)} % less` : `${(-share).toFixed(1)} % more`
}
