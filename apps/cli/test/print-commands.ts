import { DIRECTORY } from '../src/command/directory.ts'

/** All descriptions as JSON, in a process of its own: commands are loaded by `import()`, which Jest has not. */
process.stdout.write(JSON.stringify(await Promise.all(DIRECTORY.map(({ describe }) => describe()))))
