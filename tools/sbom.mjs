// What the image holds, as CycloneDX. `npm sbom --omit=dev` leaves out each package that some workspace needs for development only, also where another needs it to run (npm 11.19),
// so it is asked for everything, and what is for development alone is taken out here. Plain JavaScript, as audit.mjs.
import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const MOST_BYTES = 2 ** 26

const bom = JSON.parse(execFileSync('npm', ['sbom', '--sbom-format=cyclonedx'], { cwd: ROOT, maxBuffer: MOST_BYTES }))
const isForDevelopment = ({ properties = [] }) => properties.some(({ name }) => name === 'cdx:npm:package:development')
const components = bom.components.filter((component) => !isForDevelopment(component))
const kept = new Set([bom.metadata.component, ...components].map((component) => component['bom-ref']))
const dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }))
process.stdout.write(`${JSON.stringify({ ...bom, components, dependencies }, undefined, 2)}\n`)
