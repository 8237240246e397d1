/**
 * Peak memory of training the whole mixture against one path of the same supernet: `npm run -s bench --
 * memory --help`.
 */
import { Command } from 'commander';
import { z } from 'zod';
import { positive } from './step/arguments.ts';
import { CASES } from './step/cases.ts';
import { startCompiledWorker } from './step/measure.ts';
import type { StepSpec } from './step/spec.ts';
import { refuseClearly } from '../scripts/refusals.ts';

interface Flags {
  readonly channels: string;
  readonly layers: string;
  readonly batch: string;
  readonly steps: string;
  readonly threads: string;
  readonly json?: true;
}

const memory = z.looseObject({ residentBytes: z.number(), peakBytes: z.number() });

interface Peak {
  /** Largest resident set of the training process. */
  readonly peakBytes: number;
  /** What its steps added to the resident set of the process that had built the program. */
  readonly stepBytes: number;
}

/** Trains in a process of its own, whose peak the kernel keeps. */
const peakOf = async (name: string, spec: StepSpec, steps: number): Promise<Peak> => {
  process.stderr.write(`${name}: building\n`);
  const worker = startCompiledWorker();
  try {
    const { residentBytes } = await worker.ask({ prepare: { spec } }, memory);
    let peakBytes = 0;
    for (let step = 0; step < steps; step++) {
      process.stderr.write(`${name}: step ${step + 1} of ${steps}\n`);
      ({ peakBytes } = await worker.ask({ step }, memory));
    }
    return { peakBytes, stepBytes: peakBytes - residentBytes };
  } finally {
    worker.stop();
  }
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

const line = (name: string, { peakBytes, stepBytes }: Peak): string =>
  `${name.padEnd(36)} peak ${megabytes(peakBytes)}, of which its steps ${megabytes(stepBytes)}\n`;

/**
 * The advantage that Li & Talwalkar (2019, §4.2) name: random search with weight sharing trains in the memory
 * of one architecture, gradient descent on the mixture in that of all of them.
 */
export const run = async (argv: readonly string[]): Promise<void> => {
  const command = refuseClearly(
    new Command('bench memory')
      .description('Peak memory of a DARTS step against one of random search with weight sharing')
      .option('--channels <n>', 'C of the supernet, even', '16')
      .option('--layers <n>', 'its cells', '8')
      .option('--batch <n>', 'minibatch', '64')
      .option('--steps <n>', 'training steps, each with a path of its own', '4')
      .option('--threads <n>', 'threads of each process', '2')
      .option('--json', 'one JSON document on stdout'),
  );
  command.parse([...argv], { from: 'user' });
  const flags = command.opts<Flags>();
  const size = {
    channels: positive('channels', flags.channels),
    layers: positive('layers', flags.layers),
    batch: positive('batch', flags.batch),
  };
  const steps = positive('steps', flags.steps);
  const threads = positive('threads', flags.threads);
  const darts = await peakOf('DARTS', { ...CASES['darts-first-order'].spec(threads), ...size }, steps);
  const sharing = await peakOf('random search', { ...CASES['random-sharing'].spec(threads), ...size }, steps);
  const ratio = darts.peakBytes / sharing.peakBytes;
  const stepRatio = darts.stepBytes / sharing.stepBytes;
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ ...size, threads, steps, darts, sharing, ratio, stepRatio })}\n`
      : `${line('DARTS, first order', darts)}${line('random search with weight sharing', sharing)}` +
          `ratio of peaks ${ratio.toFixed(1)}, of what the steps take ${stepRatio.toFixed(1)}\n`,
  );
};
