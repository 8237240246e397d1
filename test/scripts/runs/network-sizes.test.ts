import { describe, expect, it } from 'vitest';
import type { DatasetManifest } from '../../../nas/protocol/dataset.ts';
import { loadExperiment } from '../../../nas/protocol/load-experiment.ts';
import { checkNetworks, networkSizes } from '../../../scripts/runs/network-sizes.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';

const TEXT = `name: sizes
space: { name: darts-cnn }
strategy: { name: given }
genotype: DARTS_V2
task: { data: cifar10 }
stages: { retrain: { topK: 0 } }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'sizes.yaml', overrides });
const dataset = (side: number): DatasetManifest => manifestOfShape('cifar10', [side, side, 3]);

describe('networkSizes', () => {
  it('counts the published network exactly, and its activations by the minibatch', () => {
    const [evaluate, ...others] = networkSizes(load().experiment, dataset(32));
    expect(others).toEqual([]);
    // DARTS_V2 at C = 36, 20 cells, with the auxiliary head; without it 3,349,342.
    expect(evaluate).toMatchObject({ stage: 'evaluate', network: 'given cell' });
    expect(evaluate?.parameters).toBe(3_825_768);
    const [half] = networkSizes(
      load('stages.evaluate.recipe={batchSize: 48, auxiliaryWeight: 0.4}').experiment,
      dataset(32),
    );
    expect(half?.activationBytes).toBe((evaluate?.activationBytes as number) / 2);
  });

  it('knows the supernet of a search and averages random cells elsewhere', () => {
    const text = TEXT.replace('given }', 'darts }')
      .replace(/genotype.*\n/, '')
      .replace('topK: 0', 'topK: 4');
    const sizes = networkSizes(loadExperiment(text, { file: 'darts.yaml' }).experiment, dataset(32));
    expect(sizes.map(({ stage, network }) => [stage, network])).toEqual([
      ['search', 'supernet'],
      ['retrain', 'mean of 16 random'],
      ['evaluate', 'mean of 16 random'],
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
