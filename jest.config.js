/** Jest runs the compiled JavaScript: the compiler has already checked the types, and stack traces map back. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/build/test'],
  testMatch: ['**/*.test.js'],
  transform: {},
  testTimeout: 60000,
  // Each file has modules of its own, and a worker that has run a hundred of them would hold gigabytes.
  workerIdleMemoryLimit: '1500MB',
};
