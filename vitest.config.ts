import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const conditions = ['@wa-agent/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'examples/*/src/**/*.test.ts',
      'tests/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    setupFiles: ['tests/setup/silent-console.ts'],
    // Many tests wait for other processes: on two cores vitest would run one file at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Child processes and crash schedules need more than the default on a busy 2-core machine.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
