import base from './jest.config.mjs'

/** What needs a container engine: one test file after the other, for each brings up the whole. */
export default {
  ...base,
  testMatch: ['<rootDir>/test/compose/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
  maxWorkers: 1,
}
