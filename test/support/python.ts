import { execFile } from 'node:child_process'

/** Pythons of this machine, first choice first: one that is named, one on PATH, Debian's. */
const CANDIDATES = [process.env.IB_STREAM_PYTHON, 'python3', '/usr/bin/python3'].filter((path) => path !== undefined && path !== '')

/** A Python that has these modules; undefined: none here has. */
export async function findPython(modules: readonly string[]): Promise<string | undefined> {
  for (const python of CANDIDATES as string[])
    if (await runs(python, `import importlib.util as u\nassert all(u.find_spec(name) for name in '${modules.join(' ')}'.split())`))
      return python
  return undefined
}

const runs = (python: string, code: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(python, ['-c', code], { timeout: 60_000 }, (error) => resolve(error === null))
  })
