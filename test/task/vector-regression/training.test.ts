import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import type { SpaceChoice } from '../../../nas/space/registry.ts';
import type { TrainingProgram } from '../../../nas/training/program.ts';
import { trainNetwork } from '../../../nas/training/programs/train-network.ts';
import { expectExactResume, finish, walk } from '../../training/programs/walk.ts';
import { vectorSpace } from './space.ts';
import type { TensorTask } from '../../../nas/training/tasks/tensor-task.ts';
import { vectorRecipe } from './task.ts';
import { vectorData, vectorRegression, type VectorData } from './tensors.ts';
import { vectorTerms } from './terms.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const { metric } = vectorTerms;

const specOf = (change: Partial<TrainNetworkSpec> = {}): TrainNetworkSpec => ({
  kind: 'train-network',
  space: { name: vectorSpace.name } as unknown as SpaceChoice,
  genotype: '111',
  network: { bias: true },
  recipe: vectorRecipe(),
  data: { validationFraction: 0.25 },
  seed: 3,
  trainOn: 'train',
  evaluateOn: 'validation',
  ...change,
});

const programs: TrainingProgram[] = [];
const create = async (spec = specOf(), data: VectorData = vectorData()): Promise<TrainingProgram> => {
  const task = vectorRegression as unknown as TensorTask;
  const network = task.network(tf, data, spec);
  const program = await trainNetwork(spec, network, { tf, data, task });
  programs.push(program);
  return program;
};
afterAll(() => programs.forEach((program) => program.dispose()));

describe('a network of another task', () => {
  it('is trained: its error falls, its score rises', async () => {
    const result = await finish<TrainResult>(await create());
    const scores = result.curve.map(({ validationAccuracy }) => validationAccuracy as number);
    expect(scores).toHaveLength(6);
    expect(scores.every((score) => score <= 0)).toBe(true);
    expect(scores.at(-1)).toBeGreaterThan(scores[0] as number);
    expect(result.accuracy).toBe(scores.at(-1));
    // Loss and metric are the same mean, and padding counts in neither: 16 validation vectors fill no third
    // minibatch.
    expect(metric.value(result.accuracy)).toBeCloseTo(result.loss, 6);
    expect(metric.value(result.accuracy)).toBeLessThan(0.05);
    expect(result.cost.images).toBe(6 * (48 + 16));
  });

  it('is tested on the test split, which is opened once and last', async () => {
    const data = vectorData();
    const program = await create(specOf({ trainOn: 'train+validation', evaluateOn: 'test' }), data);
    expect(data.opened).toEqual(['train']);
    const { accuracy, loss, curve } = await finish<TrainResult>(program);
    expect(data.opened).toEqual(['train', 'test']);
    // 20 test vectors leave half of the last minibatch to padding.
    expect(metric.value(accuracy)).toBeCloseTo(loss, 6);
    expect(curve.every(({ validationAccuracy }) => validationAccuracy === undefined)).toBe(true);
  });

  it('takes the best of its last scores where it is asked to', async () => {
    const { accuracy, curve } = await finish<TrainResult>(await create(specOf({ scoreOfLast: 4 })));
    const last = curve.slice(-4).map(({ validationAccuracy }) => validationAccuracy as number);
    expect(accuracy).toBe(Math.max(...last));
  });

  it('continues bit for bit, and shows its scores meanwhile', async () => {
    const whole = await walk<TrainResult>(await create());
    await expectExactResume(() => create(), whole, [0, 5, 20, 47]);
    const state = whole.snapshots.at(-1)?.state as { readonly evaluation: object };
    expect(Object.keys(state.evaluation)).toEqual(['loss', 'squaredError', 'vectors']);
    const program = await create();
    while (program.step < 20) await program.advance();
    expect(program.progress().bestAccuracy).toBeLessThan(0);
    expect(program.progress().accuracy).toBeLessThan(0);
  });
});
