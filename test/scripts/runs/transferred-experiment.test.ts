import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkAgainstDataset } from '../../../nas/experiment/check-dataset.ts';
import type { ImageManifest } from '../../../nas/task/images/manifest.ts';
import type { Experiment } from '../../../nas/experiment/experiment.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import type { LoadedExperiment } from '../../../nas/experiment/load-experiment.ts';
import { definitionOf } from '../../../nas/space/registry.ts';
import { spaceOf } from '../../../nas/space/spaces.ts';
import { isSettled } from '../../../nas/experiment/settled-experiment.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { checkNetworks } from '../../../nas/estimate/network-sizes.ts';
import { transferredExperiment } from '../../../scripts/runs/transferred-experiment.ts';
import type { TransferSource } from '../../../scripts/runs/transferred-experiment.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';

const FOLDER = 'experiments';

const load = (file: string, ...overrides: string[]): Experiment =>
  loadExperiment(readFileSync(join(FOLDER, file), 'utf8'), { file, overrides }).experiment;

/** Experiments on images: those on texts keep their sizes. */
const FILES = readdirSync(FOLDER).filter(
  (file) => file.endsWith('.yaml') && definitionOf(load(file).space.name).task === 'image-classification',
);

/** A run of the experiment that found two random architectures. */
const sourceOf = (experiment: Experiment): TransferSource => {
  const random = randomFromSeed(3);
  const space = spaceOf(experiment.space);
  const [winner, baseline] = [space.sample(random), space.sample(random)];
  return {
    runId: 'first-run',
    experiment,
    experimentHash: 'f'.repeat(64),
    data: 'first-images',
    winner: winner.genotype,
    baseline: baseline.genotype,
  };
};

type Target = Parameters<typeof transferredExperiment>[1];

/** A data set whose images ask for the stem. */
const target = (data: string, stem: 'cifar' | 'imagenet'): Target => ({
  data,
  resized: (network) => ({ ...network, stem }),
});

const TARGET = target('second-images', 'cifar');

/** As `nas transfer` reads it. */
const reload = (source: TransferSource, to: Target = TARGET, ...overrides: string[]): LoadedExperiment =>
  loadExperiment(stringify(transferredExperiment(source, to)), { file: 'transfer', overrides });

const imagesOf = (...shape: ImageManifest['shape']): ImageManifest => ({
  ...manifestOfShape('second-images', shape),
  splits: { train: { count: 50_000, shards: [] }, test: { count: 10_000, shards: [] } },
});

describe.each(FILES)('what a run of %s found', (file) => {
  const source = sourceOf(load(file));
  const { stages, resources, space } = source.experiment;

  it('is evaluated on other images by the same recipe of stage 3', () => {
    const loaded = reload(source);
    const { experiment } = loaded;
    expect(experiment).toMatchObject({
      space,
      strategy: { name: 'given' },
      genotype: source.winner,
      origin: { run: 'first-run', data: 'first-images', baseline: source.baseline },
      task: { ...source.experiment.task, data: 'second-images' },
      resources,
    });
    expect(experiment.gate).toBeUndefined();
    expect(experiment.stages.evaluate).toEqual({ ...stages.evaluate, claim: 'cell' });
    expect(experiment.stages.retrain).toEqual({ ...stages.retrain, topK: 0 });
    for (const images of [imagesOf(32, 32, 3), imagesOf(64, 64, 1)]) {
      checkAgainstDataset(experiment, images, loaded.place);
      checkNetworks(loaded, images);
    }
  });

  it('gets the stem of large images in every network that may be trained', () => {
    const { experiment } = reload(source, target('large', 'imagenet'));
    expect(experiment.stages.evaluate.network).toEqual({ ...stages.evaluate.network, stem: 'imagenet' });
    expect(experiment.stages.retrain.network).toEqual({ ...stages.retrain.network, stem: 'imagenet' });
  });

  it('can be moved on from there, still found by the run that searched', () => {
    const first = reload(source).experiment;
    const { experiment } = reload(
      { ...source, runId: 'second-run', experiment: first, data: 'second-images' },
      target('third-images', 'cifar'),
    );
    expect(experiment.origin).toEqual(first.origin);
    expect(experiment.task.data).toBe('third-images');
  });
});

describe('a transfer', () => {
  const GATE = ['gate={ cells: 8, epochs: 1, minimumTau: 0.9, topK: 4 }'];
  const TRIALS = [
    'stages.search.objective={ limits: { parameters: { max: 500000 } } }',
    'stages.search.scoreOfLast=1',
    'stages.search.order=completion',
  ];
  const TABLE = ['space={ name: nas-bench-201 }', 'stages.search.table={ name: t, column: c }'];
  it.each([
    ['a gated search', 'quickstart.yaml', GATE],
    ['a search by trials with all that it may have', 'nasnet-small.yaml', TRIALS],
    ['a search on a table', 'nasnet-small.yaml', TABLE],
    ['a search in bfloat16 with a GPU', 'asha-cifar10.yaml', ['stages.search.recipe.precision=mixed']],
  ])('leaves behind %s', (_, file, overrides) => {
    const source = sourceOf(load(file, ...overrides));
    const { stages } = reload(source, TARGET, 'resources.gpus=0').experiment;
    expect(stages.search).toEqual(load('retrain.yaml').stages.search);
  });

  it('takes what --set says over all of it', () => {
    const source = sourceOf(load('nasnet-small.yaml'));
    const { experiment } = reload(
      source,
      target('large', 'imagenet'),
      'stages.evaluate.recipe.epochs=7',
      'stages.evaluate.network.stem=cifar',
      'stages.retrain.topK=1',
      'resources={ vcpus: 2 }',
    );
    expect(experiment.stages.evaluate).toMatchObject({ recipe: { epochs: 7 }, network: { stem: 'cifar' } });
    expect(experiment.stages.retrain).toMatchObject({ topK: 1, network: { stem: 'imagenet' } });
    // `nas transfer` settles then what the source had settled.
    expect(isSettled(experiment)).toBe(false);
  });

  it('holds stage 2 to the images where it is asked for', () => {
    const source = sourceOf(load('nasnet-small.yaml'));
    const check = (...overrides: string[]): void => {
      const { experiment, place } = reload(source, TARGET, ...overrides);
      checkAgainstDataset(experiment, imagesOf(32, 32, 3), place);
    };
    const tooLarge = 'stages.retrain.recipe.batchSize=60000';
    expect(() => check(tooLarge)).not.toThrow();
    expect(() => check(tooLarge, 'stages.retrain.topK=1')).toThrow(
      /stages\.retrain\.recipe\.batchSize: 60000/,
    );
  });
});
