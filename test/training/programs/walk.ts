import { expect } from 'vitest';
import type { ProgramResult } from '../../../nas/job/program-result.ts';
import type { ProgramSpec } from '../../../nas/job/program-spec.ts';
import { fingerprint } from '../../../nas/training/programs/fingerprint.ts';
import type { Snapshot, TrainingProgram } from '../../../nas/training/program.ts';
import { imageCuts } from '../../../nas/task/images/cuts.ts';
import type { ImageTypes } from '../../../nas/task/images/image-classification.ts';
import { passesOf } from '../../../nas/training/programs/passes.ts';
import type { Tf } from '../../../nas/training/graph/tensor.ts';

/** As storage does: through JSON and fresh memory. */
export const stored = (snapshot: Snapshot): Snapshot =>
  structuredClone({ ...snapshot, state: JSON.parse(JSON.stringify(snapshot.state)) });

export const finish = async <Result extends ProgramResult>(program: TrainingProgram): Promise<Result> => {
  while (program.step < program.totalSteps) await program.advance();
  return program.result() as Result;
};

/** A whole run of a program with everything it was in between. */
export interface Walk<Result extends ProgramResult> {
  /** Before each step and after the last. */
  readonly snapshots: readonly Snapshot[];
  readonly phases: readonly string[];
  readonly result: Result;
}

export const walk = async <Result extends ProgramResult>(program: TrainingProgram): Promise<Walk<Result>> => {
  const snapshots: Snapshot[] = [];
  const phases: string[] = [];
  for (;;) {
    snapshots.push(stored(program.snapshot()));
    phases.push(program.progress().phase);
    if (program.step === program.totalSteps) return { snapshots, phases, result: program.result() as Result };
    await program.advance();
  }
};

/** A walk passes through so many steps of each phase, and then is done. */
export const expectSteps = (
  { phases }: Walk<ProgramResult>,
  steps: Readonly<Record<string, number>>,
): void => {
  expect(phases.at(-1)).toBe('done');
  const counted = Object.keys(steps).map((name) => [name, phases.filter((phase) => phase === name).length]);
  expect(Object.fromEntries(counted)).toEqual(steps);
};

/** Continues a walk from its snapshots at `steps` (all of them by default) in a fresh program. */
export const expectExactResume = async (
  create: () => Promise<TrainingProgram>,
  { snapshots, result }: Walk<ProgramResult>,
  steps: readonly number[] = snapshots.map(({ step }) => step),
): Promise<void> => {
  const resumed = await create();
  try {
    const last = fingerprint(snapshots.at(-1) as Snapshot);
    for (const at of steps) {
      resumed.restore(snapshots[at] as Snapshot);
      expect(resumed.step).toBe(at);
      expect(JSON.stringify(await finish(resumed))).toBe(JSON.stringify(result));
      expect(fingerprint(resumed.snapshot())).toEqual(last);
    }
  } finally {
    resumed.dispose();
  }
};

/**
 * From its first snapshot to its end, the first step apart, a program keeps no tensor that it did not have.
 */
export const expectNoLeak = async (tf: Tf, program: TrainingProgram, first: Snapshot): Promise<void> => {
  program.restore(first);
  await program.advance();
  const before = tf.memory().numTensors;
  await finish(program);
  program.snapshot();
  expect(tf.memory().numTensors).toBe(before);
};

/**
 * A program has counted the images that an estimate counts before it runs, of the data set that `tinyData`
 * makes.
 */
export const expectForeseen = (spec: ProgramSpec, { cost }: ProgramResult): void => {
  const validation = 80 * (spec.data as unknown as ImageTypes['section']).validationFraction;
  const parts = { train: 80 - validation, validation, test: 22 };
  const { trained, scored } = passesOf(spec, imageCuts(parts, spec.recipe.batchSize));
  expect(trained + scored).toBe(cost.images);
};
