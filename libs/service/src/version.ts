import packageJson from '../package.json' with { type: 'json' }

/** Version of ib-stream; all its packages have the same. */
export const VERSION: string = packageJson.version
