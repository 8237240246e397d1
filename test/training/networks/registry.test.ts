import { describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import type { Json } from '../../../nas/core/json.ts';
import { recipeSchema } from '../../../nas/task/images/recipe.ts';
import { chosenSpace, definitionOf, spaceSchema, type SpaceChoice } from '../../../nas/space/registry.ts';
import { randomFromSeed, type Random } from '../../../nas/core/random.ts';
import { countMultiplyAdds, countParameters } from '../../../nas/training/layers/counting.ts';
import {
  buildClassifier,
  describeClassifier,
  type BuildNetwork,
  type NetworkSetting,
} from '../../../nas/training/networks/network.ts';
import { networkOf } from '../../../nas/training/networks/registry.ts';
import { SPACES } from '../../support/spaces.ts';
import type { Space } from '../../../nas/space/space.ts';
import { compileImages } from '../compiled-images.ts';
import type { HostTensor } from '../../../nas/training/program.ts';

const { tf } = loadTensorFlow({ threads: 1 });

const SIDE = 12;
const setting: NetworkSetting = {
  size: { channels: 2, layers: 3, stem: 'cifar' },
  image: [SIDE, SIDE, 1],
  classes: 3,
  auxiliary: false,
};
const BATCH = 4;
/** Without decay of weights, only those move that the loss depends on. */
const recipe = recipeSchema.parse({
  batchSize: BATCH,
  dropout: 0.2,
  optimizer: { kind: 'sgd', weightDecay: 0 },
});
/** Drop-path may leave most of a network out of a step. */
const dropping = { ...recipe, dropPath: 0.2 };
const random = randomFromSeed(5);
const batch = {
  x: Float32Array.from({ length: BATCH * SIDE * SIDE }, () => random.normal()),
  y: Int32Array.from([0, 1, 2, 0]),
  valid: BATCH,
};
const elements = (tensors: Readonly<Record<string, HostTensor>>): number =>
  Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);

/**
 * Networks that are drawn of each space, with a mutant of each, and those that train a step, counted from the
 * smallest.
 */
const DRAWN = 6;
const SAMPLES = [0, 3, 5];
const MUTANTS = [0, 5];

const equal = (a: HostTensor | undefined, b: HostTensor | undefined): boolean =>
  a?.data.every((value, i) => value === b?.data[i]) === true;

const layersOf = (network: BuildNetwork): number => describeClassifier(network, setting).declarations.length;

/** A network of the last level, where a space has levels: seldom drawn, and the largest there are. */
const mostComplex = ({ levels }: Space, stream: Random): readonly Json[] => {
  const decisions = levels?.at(-1)?.decisions;
  const genotype = decisions?.fromChoices(decisions.sizes.map((size) => stream.int(size)));
  return genotype === undefined ? [] : [genotype];
};

/** Spaces of images; those of texts are trained in `programs/text-programs.test.ts`. */
const choices = Object.keys(SPACES)
  .map((name): SpaceChoice => spaceSchema.parse({ name }))
  .filter(({ name }) => definitionOf(name).task === 'image-classification');

describe.each(choices)('networks of $name', (choice) => {
  const space = chosenSpace(choice);

  it('are built of every sample and mutant, with the parameters that they declare', () => {
    const stream = randomFromSeed(1);
    for (let i = 0; i < 12; i++) {
      const genotype = space.sample(stream);
      for (const g of [genotype, space.mutate(genotype, stream)]) {
        const description = describeClassifier(networkOf(choice, space.print(g)), setting);
        const names = description.declarations.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(countParameters(description)).toBeGreaterThan(0);
        expect(countMultiplyAdds(description)).toBeGreaterThan(0);
        expect(description.activationBytes).toBeGreaterThan(4 * SIDE * SIDE);
      }
    }
  });

  it('train one step and evaluate, small and large ones, equally for equal seeds', async () => {
    const stream = randomFromSeed(2);
    const samples = Array.from({ length: DRAWN }, () => space.sample(stream));
    const mutants = samples.map((genotype) => space.mutate(genotype, stream));
    const sorted = (genotypes: readonly Json[]): readonly BuildNetwork[] =>
      genotypes
        .map((genotype) => networkOf(choice, space.print(genotype)))
        .sort((a, b) => layersOf(a) - layersOf(b));
    const chosen = [
      ...SAMPLES.map((i) => sorted(samples)[i] as BuildNetwork),
      ...MUTANTS.map((i) => sorted(mutants)[i] as BuildNetwork),
      ...mostComplex(space, stream).map((genotype) => networkOf(choice, space.print(genotype))),
    ];
    for (const [at, network] of chosen.entries()) {
      const built = buildClassifier(tf, network, setting, 7);
      expect(elements(built.classifier.weights)).toBe(built.parameters);
      const isLeast = at === 0;
      const compiled = await compileImages(tf, built.classifier, isLeast ? dropping : recipe, [
        BATCH,
        SIDE,
        SIDE,
        1,
      ]);
      try {
        const before = compiled.read();
        const run = (): readonly unknown[] => {
          compiled.write(before);
          const trained = compiled.train(batch, { learningRate: 0.1, seed: [3, 0] });
          const evaluated = compiled.evaluate(batch);
          expect(Number.isFinite(trained.loss) && Number.isFinite(evaluated.loss)).toBe(true);
          return [trained, evaluated, compiled.read()];
        };
        const first = run();
        const after = compiled.read();
        const names = Object.keys(built.classifier.weights).map((name) => `weights/${name}`);
        const moved = names.filter((name) => !equal(after[name], before[name]));
        expect(moved).toContain('weights/classifier.weight');
        // To see that a step repeats, one network is enough.
        if (isLeast) expect(run()).toEqual(first);
        else expect(moved.length).toBeGreaterThan(names.length / 2);
      } finally {
        compiled.dispose();
      }
    }
  });
});
