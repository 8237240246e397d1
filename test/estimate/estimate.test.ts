import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import { dartsCnn } from '../../nas/space/darts-cnn.ts';
import { publishedCell, type PublishedCell } from '../../nas/space/published-cells.ts';
import { countNetwork } from '../../nas/training/tasks/count-network.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { estimate } from '../../nas/estimate/estimate.ts';
import { manifestOfShape } from '../support/manifest-of-shape.ts';

const dataset = (train: number, test: number, shape: ImageManifest['shape']): ImageManifest => ({
  ...manifestOfShape('any', shape),
  splits: { train: { count: train, shards: [] }, test: { count: test, shards: [] } },
});
const CIFAR10 = dataset(50_000, 10_000, [32, 32, 3]);
const SMALL = dataset(4000, 1000, [28, 28, 1]);

const shipped = (name: string, ...overrides: string[]) => {
  const file = `experiments/${name}.yaml`;
  return loadExperiment(readFileSync(file, 'utf8'), { file, overrides }).experiment;
};
const stages = (name: string, data: ImageManifest, ...overrides: string[]) => {
  const [search, retrain, evaluate] = estimate(shipped(name, ...overrides), data);
  if (search === undefined || retrain === undefined || evaluate === undefined) throw new Error('no stages');
  return { search, retrain, evaluate };
};

describe('what a run is estimated to cost', () => {
  it('counts the re-scores of every round', () => {
    const { strategy, stages: planned } = shipped('random-ws-cifar10');
    if (strategy.name !== 'random-weight-sharing') throw new Error('another search');
    const { epochs, batchSize } = planned.search.recipe;
    const { candidates, scoreMinibatches, rounds, rescore } = strategy;
    const each =
      epochs * Math.floor(25_000 / batchSize) * batchSize +
      candidates * scoreMinibatches * batchSize +
      rounds * rescore * 25_000;
    const { search } = stages('random-ws-cifar10', CIFAR10);
    expect(search.images).toBe(planned.search.seeds.length * each);
    expect(search.images / planned.search.seeds.length).toBeGreaterThan(rounds * rescore * 25_000);
  });

  it('adds the trainings of a gate', () => {
    const base = 'random-ws-cifar10';
    const plain = stages(base, CIFAR10);
    const gated = stages(base, CIFAR10, 'gate={ cells: 100, epochs: 100, topK: 10 }');
    // 390 minibatches of 64, or what the recipe says, of 25,000 images; scored at 20 points.
    const { batchSize } = shipped(base).stages.retrain.recipe;
    const trained = 100 * 100 * Math.floor(25_000 / batchSize) * batchSize;
    expect(gated.search.jobs - plain.search.jobs).toBe(100);
    expect(gated.search.images - plain.search.images).toBe(trained + 100 * 20 * 25_000);
    // What the gate costs the baseline is matched with, and stage 2 may retrain more than it expects to.
    expect(gated.evaluate.jobs).toBeGreaterThan(plain.evaluate.jobs);
    expect(gated.retrain.jobs).toBe(plain.retrain.jobs);
    expect(gated.retrain.hoursAtMost).toBeGreaterThan(plain.retrain.hoursAtMost);
  });

  it('counts what DARTS watches of the curvature', () => {
    const plain = stages('darts-cifar10', CIFAR10);
    const { strategy, stages: planned } = shipped('darts-cifar10');
    const { epochs, batchSize } = planned.search.recipe;
    const watched = stages(
      'darts-cifar10',
      CIFAR10,
      `strategy=${JSON.stringify({ ...strategy, diagnostics: { hessianEvery: 5, iterations: 10 } })}`,
    );
    expect(watched.search.images - plain.search.images).toBe(
      planned.search.seeds.length * Math.floor(epochs / 5) * 10 * 2 * batchSize,
    );
  });

  it('counts a given cell itself, against random ones', () => {
    const of = (genotype: string) => stages('retrain', CIFAR10, `genotype=${genotype}`).evaluate;
    const [first, second] = [of('DARTS_V1'), of('DARTS_V2')];
    expect(first.images).toBe(second.images);
    const { network: size } = shipped('retrain').stages.evaluate;
    const perImage = (name: PublishedCell) =>
      countNetwork({
        space: { name: 'darts-cnn' },
        genotype: dartsCnn.print(publishedCell(name)),
        ...{ size, data: CIFAR10 },
      })?.multiplyAdds as number;
    const { epochs, batchSize } = shipped('retrain').stages.evaluate.recipe;
    const seeds = shipped('retrain').stages.evaluate.seeds.length;
    const passes = 3 * epochs * Math.floor(50_000 / batchSize) * batchSize + 10_000;
    const difference = seeds * passes * (perImage('DARTS_V2') - perImage('DARTS_V1'));
    expect((second.multiplyAdds - first.multiplyAdds) / difference).toBeCloseTo(1, 6);
  });

  it('counts every point of a learning curve, and every trial as a job', () => {
    const { search } = stages('amoebanet-small', SMALL);
    const { stages: planned, task } = shipped('amoebanet-small');
    const validation = 4000 * (task['validationFraction'] as number);
    const { epochs, batchSize } = planned.search.recipe;
    const trials = (planned.search.evaluations ?? 0) * planned.search.seeds.length;
    expect(search.jobs).toBe(trials);
    const points = Math.ceil(epochs / Math.ceil(epochs / 20));
    const whole = Math.floor((4000 - validation) / batchSize) * batchSize;
    expect(search.images).toBe(trials * (epochs * whole + points * validation));
  });

  it('says how far chance moves the cost: little for a mixture, much where networks differ', () => {
    const { search: mixture } = stages('darts-cifar10', CIFAR10);
    expect(mixture.likely.multiplyAdds).toEqual([mixture.multiplyAdds, mixture.multiplyAdds]);
    // Costs of random networks vary by twice their mean and more.
    for (const name of ['nas-rl-small', 'nasbot-small']) {
      const { search, evaluate } = stages(name, SMALL);
      for (const { multiplyAdds, likely, images } of [search, evaluate]) {
        const [low, high] = likely.multiplyAdds;
        expect(low).toBeLessThan(multiplyAdds);
        expect(high).toBeGreaterThan(multiplyAdds);
        expect(high / low).toBeGreaterThan(2);
        expect(likely.images[0]).toBeLessThanOrEqual(images);
      }
      expect(search.likely.images).toEqual([search.images, search.images]);
    }
  });

  it('bounds hours by attempts and time limits, and knows no price that is not given', () => {
    const settings = [
      'resources.attempts=3',
      'resources.timeoutSeconds=7200',
      'resources.spotDollarsPerHour=0.5',
    ];
    const { retrain } = stages('darts-cifar10', CIFAR10, ...settings);
    expect(retrain.hoursAtMost).toBe(retrain.jobs * 3 * 2);
    expect(retrain.dollarsAtMost).toBe(retrain.jobs * 3);
    const unpriced = stages(
      'darts-cifar10',
      CIFAR10,
      ...settings.slice(0, 2),
      'resources.spotDollarsPerHour=0',
    );
    for (const stage of Object.values(unpriced)) expect(stage.dollarsAtMost).toBeNull();
    expect(unpriced.retrain.hoursAtMost).toBe(retrain.hoursAtMost);
  });
});
