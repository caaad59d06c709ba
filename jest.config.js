const base = require('@jupyterlab/testing/lib/jest-config')(__dirname);

// Packages published as ES modules: they must be transformed too.
const esModules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@marijn',
  '@microsoft',
  'color',
  'exenv-es6',
  'lib0',
  'marked',
  '@noble',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

const swc = {
  jsc: {
    parser: { syntax: 'typescript', tsx: true },
    target: 'es2022',
    transform: { react: { runtime: 'classic' } }
  },
  module: { type: 'commonjs' }
};

module.exports = {
  ...base,
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/**/*.d.ts'],
  coverageReporters: ['lcov', 'text'],
  modulePathIgnorePatterns: [
    '<rootDir>/jupyter_server_ext',
    '<rootDir>/ui-tests',
    '<rootDir>/lib',
    '<rootDir>/build',
    '<rootDir>/\\.venv'
  ],
  reporters: ['default'],
  setupFiles: [...(base.setupFiles ?? []), '<rootDir>/jest.setup.js'],
  testRegex: '/src/(.*/)?__tests__/.*\\.spec\\.tsx?$',
  transform: {
    '\\.svg$': '@jupyterlab/testing/lib/jest-raw-loader.js',
    '^.+\\.(t|j)sx?$': ['@swc/jest', swc]
  },
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
