// Preloaded into a service under test: SIGTERM comes while `serve.ts` is being loaded.
import { registerHooks } from 'node:module'

registerHooks({
  load(url, context, next) {
    if (url.endsWith('/serve.ts')) process.kill(process.pid, 'SIGTERM')
    return next(url, context)
  },
})
