/** One configuration for every room. Tests are TypeScript as Node runs it; swc only strips types and turns imports into require. */
export default {
  testMatch: ['<rootDir>/{libs,services,apps}/*/test/**/*.test.ts', '<rootDir>/{test,tools}/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/compose/'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'commonjs', ignoreDynamic: true },
        sourceMaps: 'inline',
      },
    ],
  },
  extensionsToTreatAsEsm: [],
  testEnvironment: 'node',
  testTimeout: 90_000,
  watchman: false,
  maxWorkers: 2,
}
