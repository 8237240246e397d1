import { defineConfig } from 'vitest/config';

/**
 * Suites that load TensorFlow: one file at a time.
 */
const HEAVY = ['test/{training,golden}/**/*.test.ts', 'test/**/*.heavy.test.ts'];

/**
 * Suites that start servers and drive processes, and wait for them half of the time: one file at a time.
 */
const SERVED = ['test/{containers,e2e,infra,workflows,chaos}/**/*.test.ts'];

/**
 * What runs once more with oneDNN's code for CPUs without AVX-512, whose faults a CPU with it does not show.
 */
const AVX2 = [
  'test/training/layers/{convolution,layers}.test.ts',
  'test/training/tasks/losses.test.ts',
  'test/training/programs/{weight-sharing-search,few-channels}.test.ts',
];

const shared = {
  setupFiles: ['scripts/node-shim.mjs'],
  // tfjs-node and Temporal's native core belong to a process, not to a thread.
  pool: 'forks' as const,
  env: { TF_CPP_MIN_LOG_LEVEL: '2' },
  maxWorkers: 1,
};

/** Of suites that wait for other processes, or compute for minutes. */
const slow = { ...shared, testTimeout: 240_000, hookTimeout: 240_000 };

export default defineConfig({
  test: {
    globalSetup: ['test/support/servers.global.ts'],
    projects: [
      {
        test: {
          ...shared,
          name: 'light',
          include: ['test/**/*.test.ts'],
          exclude: [...HEAVY, ...SERVED],
          sequence: { groupOrder: 0 },
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...slow,
          name: 'heavy',
          include: HEAVY,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...slow,
          name: 'served',
          include: SERVED,
          exclude: HEAVY,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...slow,
          name: 'avx2',
          include: AVX2,
          env: { ...shared.env, ONEDNN_MAX_CPU_ISA: 'AVX2' },
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
