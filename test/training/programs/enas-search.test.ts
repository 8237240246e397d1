import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { strategySchema } from '../../../nas/experiment/experiment.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { chosenSpace, type SpaceChoice } from '../../../nas/space/registry.ts';
import type { Snapshot, TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectExactResume, expectForeseen, expectNoLeak, walk, type Walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const strategy = strategySchema.parse({
  name: 'enas',
  controller: { hiddenUnits: 8, learningRate: 0.05, updates: 2, samples: 3, baselineDecay: 0.5 },
  candidates: 4,
}) as SearchSpec<'enas'>['strategy'];

const specOf = (space: SpaceChoice): SearchSpec<'enas'> => ({
  kind: 'enas-search',
  space,
  strategy,
  // Micro: two reductions and nothing else, the smallest network there is.
  network: { channels: 2, layers: space.name === 'nas-bench-201' ? 3 : 2, stem: 'cifar' },
  recipe: recipeSchema.parse({
    epochs: 2,
    batchSize: 16,
    optimizer: { kind: 'sgd', learningRate: 0.1, nesterov: true, weightDecay: 1e-4 },
    schedule: { kind: 'sgdr', minLearningRate: 0.01, firstPeriodEpochs: 1 },
  }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 5,
});
/** 40 training images give 2 minibatches an epoch. */
const SHARED = 2;
const REWARDS = 2 * 3;
const EPOCH = SHARED + REWARDS;

describe.each<SpaceChoice>([
  { name: 'enas-macro', depth: 3 },
  { name: 'enas-micro' },
  { name: 'nas-bench-201' },
])('enas-search of $name', (choice) => {
  let program: TrainingProgram;
  let whole: Walk<SearchResult>;
  beforeAll(async () => {
    program = await createProgram(specOf(choice), { tf, data: tinyData() });
    whole = await walk(program);
  });
  afterAll(() => program.dispose());

  it('takes turns, a minibatch a step, and derives candidates', () => {
    const { phases, result } = whole;
    const epoch = [...Array(SHARED).fill('shared-weights'), ...Array(REWARDS).fill('controller')];
    expect(phases).toEqual([...epoch, ...epoch, ...Array(4).fill('deriving'), 'done']);
    expect(result.candidates).toHaveLength(4);
    const scores = result.candidates.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const space = chosenSpace(choice);
    for (const { genotype } of result.candidates) expect(space.print(space.parse(genotype))).toBe(genotype);
  });

  it('moves the shared weights in their phase and the controller after each block of rewards', () => {
    const { snapshots } = whole;
    const tensors = (prefix: string): number[] =>
      snapshots.slice(1).flatMap((now, i) => {
        const before = snapshots[i] as Snapshot;
        const same = Object.keys(now.tensors)
          .filter((name) => name.startsWith(prefix))
          .every((name) =>
            Buffer.from(now.tensors[name]!.data.buffer).equals(
              Buffer.from(before.tensors[name]!.data.buffer),
            ),
          );
        return same ? [] : [i];
      });
    expect(tensors('shared/weights')).toEqual([0, 1, EPOCH, EPOCH + 1]);
    expect(tensors('controller/parameters')).toEqual([4, 7, EPOCH + 4, EPOCH + 7]);
  });

  it('draws a curve of both phases', () => {
    const { result, snapshots } = whole;
    expect(result.curve).toHaveLength(2);
    for (const { trainLoss, learningRate, controller } of result.curve) {
      expect(trainLoss).toBeGreaterThan(0);
      expect(controller?.reward).toBeGreaterThanOrEqual(0);
      expect(controller?.entropy).toBeGreaterThan(0);
      expect(controller?.skipRate === undefined).toBe(choice.name !== 'enas-macro');
      // A restart every epoch: each begins at the highest rate.
      expect(learningRate).toBe(0.1);
    }
    const { rewards, baseline } = snapshots.at(-1)?.state as { rewards: number[]; baseline: number };
    expect(rewards).toEqual([]);
    expect(baseline).toBe(result.curve.at(-1)?.controller?.baseline);
  });

  it('charges the children that ran', () => {
    const { images, multiplyAdds } = whole.result.cost;
    expect(images).toBe(16 * (2 * EPOCH + 4));
    expectForeseen(specOf(choice), whole.result);
    expect(multiplyAdds).toBeGreaterThan(0);
  });

  it('continues bit for bit from any step in a fresh program', async () => {
    const create = () => createProgram(specOf(choice), { tf, data: tinyData() });
    // Within the shared weights, within and between blocks of rewards, at the turns, while candidates are
    // scored.
    const steps = [1, SHARED, SHARED + 1, EPOCH + 1, EPOCH + SHARED + 3, 2 * EPOCH + 2];
    await expectExactResume(create, whole, steps);
  });

  it('frees every tensor it makes', () => expectNoLeak(tf, program, whole.snapshots[0] as Snapshot));
});
