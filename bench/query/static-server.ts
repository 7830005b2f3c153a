// A plain static file server, to measure beside: `node static-server.ts ROOT`; prints its port. As short as it can be in Node: the file piped into the answer.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import { pipeline } from 'node:stream'

const [root = ''] = process.argv.slice(2)
const server = createServer(({ url = '/' }, response) => {
  const path = join(root, normalize(url))
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': statSync(path).size })
  pipeline(createReadStream(path), response, () => undefined)
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
