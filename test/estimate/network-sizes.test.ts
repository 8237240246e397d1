import { describe, expect, it } from 'vitest';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import {
  checkMemory,
  checkNetworks,
  describeLimits,
  limitedNetworks,
  networkSizes,
} from '../../nas/estimate/network-sizes.ts';
import { textManifestOf } from '../support/text-manifest-of.ts';
import { manifestOfShape } from '../support/manifest-of-shape.ts';

const TEXT = `name: sizes
space: { name: darts-cnn }
strategy: { name: given }
genotype: DARTS_V2
task: { data: cifar10 }
stages: { retrain: { topK: 0 } }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'sizes.yaml', overrides });
const dataset = (side: number): ImageManifest => manifestOfShape('cifar10', [side, side, 3]);

describe('networkSizes', () => {
  it('counts the published network exactly, and its activations by the minibatch', () => {
    const [evaluate, ...others] = networkSizes(load().experiment, dataset(32));
    expect(others).toEqual([]);
    // DARTS_V2 at C = 36, 20 cells, as published: without the auxiliary head, with which it has 3,825,768.
    expect(evaluate).toMatchObject({ stage: 'evaluate', network: 'given cell' });
    expect(evaluate?.parameters).toBe(3_349_342);
    const [half] = networkSizes(
      load('stages.evaluate.recipe={batchSize: 48, auxiliaryWeight: 0.4}').experiment,
      dataset(32),
    );
    expect(half?.activationBytes).toBe((evaluate?.activationBytes as number) / 2);
  });

  it('counts what a window of a text keeps, not a token of each column', () => {
    const text = `name: text
space: { name: darts-rnn }
strategy: { name: given }
genotype: DARTS_V2
task: { kind: language-modelling, data: ptb }
stages: { retrain: { topK: 0 } }
`;
    const sized = (...overrides: string[]) =>
      networkSizes(
        loadExperiment(text, { file: 'text.yaml', overrides }).experiment,
        textManifestOf('ptb', 10_000, [929_589, 73_760, 82_430]),
      )[0];
    const window = sized();
    // 64 columns of 35 tokens, each with its 10,000 logits at the least.
    expect(window?.activationBytes).toBeGreaterThan(64 * 35 * 4 * 10_000);
    const [bytes, least] = [window?.activationBytes as number, window?.leastBytes as number];
    const longer = sized('stages.evaluate.recipe.bptt=70');
    expect(longer?.activationBytes).toBe(2 * bytes);
    expect(longer?.leastBytes).toBeGreaterThan(least);
  });

  it('knows the supernet of a search and averages random cells elsewhere', () => {
    const text = TEXT.replace('given }', 'darts }')
      .replace(/genotype.*\n/, '')
      .replace('topK: 0', 'topK: 4');
    const sizes = networkSizes(loadExperiment(text, { file: 'darts.yaml' }).experiment, dataset(32));
    expect(sizes.map(({ stage, network }) => [stage, network])).toEqual([
      ['search', 'supernet'],
      ['retrain', expect.stringMatching(/^\d+ random networks$/)],
      ['evaluate', expect.stringMatching(/^\d+ random networks$/)],
    ]);
    const [supernet, retrain] = sizes;
    expect(supernet?.likely.parameters).toEqual([supernet?.parameters, supernet?.parameters]);
    const [low, high] = retrain?.likely.parameters as readonly [number, number];
    expect(low).toBeLessThan(retrain?.parameters as number);
    expect(high).toBeGreaterThan(retrain?.parameters as number);
  });

  it('has nothing to say of a stage that looks up', () => {
    const text = TEXT.replace('given', 'random').replace(/genotype.*\n/, '');
    const { experiment } = loadExperiment(text, {
      file: 'table.yaml',
      overrides: ['stages={ search: { evaluations: 9 } }'],
    });
    const table = { name: 'any', column: 'accuracy', unit: 'percent' } as const;
    const stages = { ...experiment.stages, search: { ...experiment.stages.search, table } };
    expect(networkSizes({ ...experiment, stages }, dataset(32)).map(({ stage }) => stage)).toEqual([
      'retrain',
      'evaluate',
    ]);
  });
});

describe('checkNetworks', () => {
  it('refuses images that the networks cannot reduce, naming the stage and what would fit', () => {
    expect(() => checkNetworks(load(), dataset(32))).not.toThrow();
    expect(() => checkNetworks(load(), dataset(8))).toThrow(
      /stages\.evaluate\.network: .*8 × 8 × 3 images of cifar10.*auxiliary head/,
    );
    expect(() => checkNetworks(load('stages.evaluate.network.channels=15'), dataset(32))).toThrow(
      /channels 15: allowed: even/,
    );
  });

  it('refuses a batch of one where batch norm sees one pixel, naming the batch, the side and the fix', () => {
    const one = 'stages.evaluate.recipe={batchSize: 1, auxiliaryWeight: 0.4}';
    expect(() => checkNetworks(load(one), dataset(32))).toThrow(
      /stages\.evaluate\.recipe\.batchSize: 1 is not allowed.*at least 2.*activation of 1×1.*auxiliaryWeight 0/,
    );
    expect(() => checkNetworks(load(one.replace('0.4', '0')), dataset(32))).not.toThrow();
    expect(() => checkNetworks(load(one.replace('1,', '2,')), dataset(32))).not.toThrow();
  });
});

describe('the count of parameters', () => {
  it('is one: of limits, of the dry run and of a drawn genotype, with and without an auxiliary head', () => {
    const text = TEXT.replace('given', 'regularized-evolution').replace(/genotype.*\n/, '');
    const search = 'stages={ search: { evaluations: 100, recipe: { auxiliaryWeight: 0.4 } } }';
    const { experiment } = loadExperiment(text, { file: 'limits.yaml', overrides: [search] });
    const [sizes] = networkSizes(experiment, dataset(32));
    const limit = {
      ...experiment.stages.search,
      objective: { limits: { parameters: { max: 1e9 } }, weights: {} },
    };
    const limits = limitedNetworks(
      { ...experiment, stages: { ...experiment.stages, search: limit } },
      dataset(32),
    );
    const [least, most] = limits?.ranges['parameters'] as readonly [number, number];
    expect(sizes?.parameters).toBeGreaterThan(least);
    expect(sizes?.parameters).toBeLessThan(most);
    const plain = 'stages.search.recipe.auxiliaryWeight=0';
    const without = loadExperiment(text, { file: 'limits.yaml', overrides: [search, plain] }).experiment;
    expect(networkSizes(without, dataset(32))[0]?.parameters).toBe(sizes?.parameters);
  });
});

describe('checkMemory', () => {
  it('refuses minibatches that no job of this memory can hold, and says what is needed', () => {
    expect(() => checkMemory(load('resources.memoryMiB=8000'), dataset(32))).not.toThrow();
    expect(() =>
      checkMemory(load('resources.memoryMiB=4096', 'stages.evaluate.recipe.batchSize=4096'), dataset(32)),
    ).toThrow(
      /^--set resources\.memoryMiB: 4096 .*at least the \d+ MiB.*stages\.evaluate.*minibatches of 4096/,
    );
  });

  it('refuses wide networks for their weights alone; with a GPU it is the GPU’s memory that counts', () => {
    const wide = ['stages.evaluate.network.channels=2000', 'stages.evaluate.recipe.batchSize=1'];
    expect(() => checkMemory(load(...wide), dataset(32))).toThrow(/weights of 2000 channels and 20 layers/);
    const onGpu = load(...wide, 'resources.gpus=1');
    expect(() => checkMemory(onGpu, dataset(32))).not.toThrow();
    expect(() => checkMemory(onGpu, dataset(32), 8 * 1024)).toThrow(/stages\.evaluate: .*at most 8192 MiB/);
  });

  it('asks for less than a training’s intermediate results take, and for no less than its weights', () => {
    for (const { leastBytes, activationBytes, parameters } of networkSizes(load().experiment, dataset(32))) {
      expect(leastBytes).toBeGreaterThan(3 * 4 * parameters);
      expect(leastBytes).toBeLessThan(activationBytes + 6 * 4 * parameters);
    }
  });
});

describe('limits that leave nothing', () => {
  const text = TEXT.replace('given', 'random')
    .replace('darts-cnn', 'nas-bench-macro')
    .replace(/genotype.*\n/, '')
    .replace('stages: { retrain: { topK: 0 } }', '');
  const limited = (parameters: number) =>
    limitedNetworks(
      loadExperiment(
        `${text}stages: { search: { evaluations: 9, objective: { limits: { parameters: { max: ${parameters} } } } } }`,
        {
          file: 'limits.yaml',
        },
      ).experiment,
      dataset(32),
    );

  it('are said after a thousand networks', () => {
    const limits = limited(1);
    expect(limits).toMatchObject({ networks: 1000, within: 0 });
    expect(limits && describeLimits(limits)).toMatch(
      /^none of 1000 random networks are within .*parameters from \d+ to \d+$/,
    );
  });

  it('are not looked for where a network is within them', () => {
    expect(limited(1e9)).toMatchObject({ networks: 64, within: 64 });
  });
});
