import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sha256 } from '../../nas/core/hash.ts';
import { inputError } from '../../nas/core/input-error.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { STRATEGIES, strategiesFor } from '../../nas/search/registry.ts';
import { categorical } from '../../nas/space/categorical.ts';
import { defineSpace } from '../../nas/space/definitions/definition.ts';
import type { ArchitectureGraph } from '../../nas/space/drawings/architecture-graph.ts';
import { before, NETWORK_ENDS, operationGraph } from '../../nas/space/drawings/operation-graph.ts';
import type { Space } from '../../nas/space/space.ts';
import { countMultiplyAdds, countParameters } from '../../nas/training/layers/counting.ts';
import { describeClassifier, type BuildNetwork } from '../../nas/training/networks/network.ts';

/** `sw`: a square or a wide convolution a rung. */
const ladder = (rungs: number): Space<string> => {
  const validate = (value: unknown, field = 'genotype'): string => {
    if (typeof value !== 'string' || value.length !== rungs || !/^[sw]+$/.test(value))
      throw inputError(field, value, `${rungs} letters s or w`, 'write a letter for each rung');
    return value;
  };
  return {
    name: 'ladder',
    source: 'Nobody (2026), §1.',
    ...categorical<string>(
      new Array<number>(rungs).fill(2),
      Array.from({ length: rungs }, (_, rung) => `rung ${rung}`),
      (genotype) => [...genotype].map((letter) => (letter === 's' ? 0 : 1)),
      (choices) => choices.map((choice) => 'sw'[choice]).join(''),
    ),
    validate,
    print: (genotype) => genotype,
    parse: (text, field) => validate(text.trim(), field),
    hash: (genotype) => sha256(`ladder/${genotype}`),
    describe: () => ({ name: 'ladder', source: 'Nobody (2026), §1.', size: 2 ** rungs, lines: [] }),
  };
};

const ladderSpace = defineSpace('ladder', {
  task: 'image-classification',
  options: { rungs: z.number().int().min(1).max(8).describe('Layers of every network.').default(3) },
  make: ({ rungs }) => ladder(rungs),
  toldOptions: (text) => ({ rungs: text.length }),
});

const ladderGraph = (genotype: string): ArchitectureGraph =>
  operationGraph(
    'network',
    [...genotype].map((letter) => ({ label: letter === 's' ? '3×3' : '1×7', family: 'convolution' })),
    Array.from({ length: genotype.length + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  );

const ladderNetwork =
  (genotype: string): BuildNetwork =>
  ({ size: { channels }, classes }) =>
  (layers, x) => {
    const top = [...genotype].reduce((y, letter, rung) => {
      const [height, width] = letter === 's' ? ([3, 3] as const) : ([1, 7] as const);
      const conv = layers.conv(y, `rung${rung}`, {
        filters: channels,
        kernel: [height, width],
        strides: [1, 1],
        padding: [(height - 1) / 2, (width - 1) / 2],
      });
      return layers.relu(layers.batchNorm(conv, `rung${rung}.bn`, true));
    }, x);
    return { logits: layers.linear(layers.globalAverage(top), 'classifier', classes) };
  };

describe('a space that follows docs/extending.md', () => {
  it('has its field of an experiment, with defaults and bounds', () => {
    expect(ladderSpace.schema.parse({ name: 'ladder' })).toEqual({ name: 'ladder', rungs: 3 });
    expect(() => ladderSpace.schema.parse({ name: 'ladder', rungs: 9 })).toThrow();
    expect(() => ladderSpace.schema.parse({ name: 'ladder', steps: 3 })).toThrow();
  });

  it('is read, told by a genotype, and drawn', () => {
    expect(ladderSpace.toldOptions('swsw')).toEqual({ rungs: 4 });
    const space = ladderSpace.make({ rungs: 4 });
    expect(space.print(space.parse('swsw'))).toBe('swsw');
    expect(() => space.parse('sws')).toThrow('4 letters');
    const graph = ladderGraph('swsw');
    expect(graph.nodes).toHaveLength(6);
    expect(graph.edges).toHaveLength(5);
    expect(ladderSpace.published()).toEqual({});
  });

  it('is counted by the function that trains it', () => {
    const setting = {
      size: { channels: 4, layers: 1, stem: 'cifar' },
      image: [8, 8, 3],
      classes: 2,
      auxiliary: false,
    } as const;
    const described = describeClassifier(ladderNetwork('sw'), setting);
    const kernels = 3 * 3 * 3 * 4 + 1 * 7 * 4 * 4;
    expect(countParameters(described)).toBe(kernels + 2 * 2 * 4 + 4 * 2 + 2);
    expect(countMultiplyAdds(described)).toBe(8 * 8 * kernels + 4 * 2);
  });

  it('is searched by strategies that know nothing of it', () => {
    const space = ladderSpace.make({ rungs: 3 });
    expect(strategiesFor(space)).toContain('regularized-evolution');
    const strategy = STRATEGIES['regularized-evolution'].bind(space);
    const [, trials] = strategy.ask(strategy.init({ evaluations: 4, options: {} }, 1), 2);
    expect(trials.map(({ genotype }) => space.validate(genotype))).toHaveLength(2);
    expect(space.validate(space.sample(randomFromSeed(1)))).toMatch(/^[sw]{3}$/);
  });
});
