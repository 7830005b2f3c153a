// Known faults in the packages that the image holds: `npm audit --omit=dev`, which needs a registry that tells of them. A mirror that does not is no fault of the project's: it is said loudly.
// Plain JavaScript: it runs before anything is installed.
import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MOST_BYTES = 2 ** 26

const answer = await new Promise((resolve) => {
  const args = ['audit', '--omit=dev', '--json', ...process.argv.slice(2)]
  execFile('npm', args, { cwd: ROOT, maxBuffer: MOST_BYTES }, (_, stdout, stderr) => resolve({ stdout, stderr }))
})
const report = parse(answer.stdout)
const { vulnerabilities, dependencies } = report?.metadata ?? {}
if (vulnerabilities === undefined || report.error) {
  const why = report?.message ?? report?.error?.summary ?? (answer.stderr.trim().split('\n')[0] || 'npm said nothing')
  process.stderr.write(`NOT AUDITED: ${why}\n`)
} else if (vulnerabilities.total === 0) {
  process.stdout.write(`no known fault in ${dependencies.prod} packages\n`)
} else {
  for (const { name, severity, range, fixAvailable } of Object.values(report.vulnerabilities))
    process.stdout.write(`${severity}: ${name} ${range}${fixAvailable ? ', a fixed version is there' : ''}\n`)
  process.exitCode = 1
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
