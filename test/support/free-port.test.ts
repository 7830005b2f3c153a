import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'

const MANY = 300
const DRAW = `
  const { freePort } = await import(${JSON.stringify(pathToFileURL(resolve(__dirname, 'free-port.ts')).href)})
  console.log(JSON.stringify(await Promise.all(Array.from({ length: ${MANY} }, freePort))))`

it('gives no port twice, whichever process asks, while the server that it is for may not listen yet', async () => {
  const draw = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', DRAW])
    return JSON.parse(stdout) as number[]
  }
  const ports = (await Promise.all([draw(), draw()])).flat()
  expect(ports).toHaveLength(2 * MANY)
  expect(new Set(ports).size).toBe(2 * MANY)
})
