import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { SearchResult } from '../../../nas/job/program-result.ts';
import type { SearchSpec } from '../../../nas/job/program-spec.ts';
import type { Json } from '../../../nas/core/json.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { chosenSpace, spaceSchema } from '../../../nas/space/registry.ts';
import { smash } from '../../../nas/search/one-job/smash.ts';
import { deriveSeed, randomFromSeed } from '../../../nas/core/random.ts';
import { fingerprint } from '../../../nas/training/programs/fingerprint.ts';
import type { Snapshot, TrainingProgram } from '../../../nas/training/program.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { tinyData } from './tiny-data.ts';
import { expectExactResume, expectForeseen, expectNoLeak, expectSteps, type Walk, walk } from './walk.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const spec: SearchSpec<'smash'> = {
  kind: 'smash-search',
  space: spaceSchema.parse({ name: 'smash', depth: 1, width: 1, maxWidth: 2, maxKernel: 3, maxGroups: 2 }),
  strategy: smash.schema.parse({
    name: 'smash',
    hypernet: { layers: [1, 1, 0], growth: 3 },
    candidates: 4,
    perturbations: 3,
    chain: 3,
    scoreMinibatches: 2,
  }),
  network: { channels: 2, layers: 1, stem: 'cifar' },
  recipe: recipeSchema.parse({
    epochs: 2,
    batchSize: 16,
    optimizer: { kind: 'adam', learningRate: 0.01, beta1: 0.5, epsilon: 1e-4 },
  }),
  data: {
    validationFraction: 0.5,
    splitSeed: 0,
    augmentation: { cropPadding: 1, horizontalFlip: true, cutout: 0 },
  },
  seed: 6,
};
const space = chosenSpace(spec.space);
/** 40 training images give 2 minibatches an epoch. */
const TRAINING = 2 * 2;
const [SCORING, PERTURBING] = [4 * 2, 6 * 2];

let program: TrainingProgram;
let whole: Walk<SearchResult>;
beforeAll(async () => {
  program = await createProgram(spec, { tf, data: tinyData() });
  whole = await walk(program);
}, 300_000);
afterAll(() => program.dispose());

describe('smash-search', () => {
  it('trains, scores, then perturbs, a minibatch a step', () => {
    expectSteps(whole, { training: TRAINING, scoring: SCORING, perturbing: PERTURBING });
    expectForeseen(spec, whole.result);
  });

  it('ranks all architectures by the same validation images', () => {
    const { candidates } = whole.result;
    expect(candidates).toHaveLength(10);
    const scores = candidates.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const score of scores) expect(score * 32).toBeCloseTo(Math.round(score * 32), 9);
    for (const { genotype } of candidates) expect(space.print(space.parse(genotype))).toBe(genotype);
  });

  it('perturbs the best of the sampled, then the best of all so far', () => {
    const { scores } = whole.snapshots.at(-1)?.state as { scores: { correct: number }[] };
    const bestOf = (count: number): number => {
      const correct = scores.slice(0, count).map((score) => score.correct);
      return correct.indexOf(Math.max(...correct));
    };
    const made: Json[] = [];
    for (let i = 0; i < 10; i++) {
      const random = randomFromSeed(deriveSeed(spec.seed, 'architecture', i));
      const base = i < 4 + 3 ? 4 : i;
      made.push(i < 4 ? space.sample(random) : space.mutate(made[bestOf(base)] as Json, random));
    }
    const found = whole.result.candidates.map(({ genotype }) => genotype);
    expect([...found].sort()).toEqual(made.map((genotype) => space.print(genotype)).sort());
  });

  it('trains the HyperNet, and leaves all weights alone while it scores', () => {
    const { snapshots } = whole;
    const trained = snapshots[TRAINING] as Snapshot;
    expect(fingerprint(snapshots.at(-1) as Snapshot)['weights']).toBe(fingerprint(trained)['weights']);
    for (const name of ['weights/hypernet.1.weight', 'weights/hypernet.positions', 'weights/stem.weight'])
      expect(trained.tensors[name]?.data).not.toEqual(snapshots[0]?.tensors[name]?.data);
  });

  it('counts its cost by what the graph computes', () => {
    const { cost } = whole.result;
    expect(cost.images).toBe((TRAINING + SCORING + PERTURBING) * 16);
    expect(cost.multiplyAdds).toBeGreaterThan(0);
  });

  it('continues bit for bit in a fresh program, whatever it was doing', () =>
    expectExactResume(() => createProgram(spec, { tf, data: tinyData() }), whole, [
      TRAINING - 1,
      TRAINING + 3,
      TRAINING + SCORING + 7,
    ]));

  it('frees every tensor it makes', () => expectNoLeak(tf, program, whole.snapshots[0] as Snapshot));
});
