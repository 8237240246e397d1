import { beforeAll, describe, expect, it } from 'vitest';
import { infrastructureError } from '../../../nas/core/infrastructure-error.ts';
import { inputError } from '../../../nas/core/input-error.ts';
import { readExperimentText } from '../../../nas/experiment/load-experiment.ts';
import type { LoadedExperiment } from '../../../nas/experiment/load-experiment.ts';
import { seedShippedDataset } from '../../../scripts/data/shipped.ts';
import { findDataset, loadedOrRefused } from '../../../scripts/runs/check-stored.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';

const TEXT = `name: stored
space: { name: darts-cnn }
strategy: { name: random-weight-sharing, candidates: 8, rescore: 2 }
task: { data: fashion-mnist-small }
stages:
  search: { network: { channels: 4, layers: 3 }, augmentation: { cutout: 99, cropPadding: 28 } }
  retrain: { topK: 2, network: { channels: 4, layers: 3 }, recipe: { batchSize: 9000 } }
  evaluate: { network: { channels: 4, layers: 3 }, augmentation: { cutout: 99 } }
`;
const read = (text = TEXT, ...overrides: string[]) =>
  readExperimentText(text, { file: 'stored.yaml', overrides });
const linesOf = (refused: Promise<unknown>): Promise<string[]> =>
  refused.then(
    () => [],
    (error: Error) => error.message.split('\n'),
  );

let store: ObjectStore;
beforeAll(async () => {
  store = createMemoryObjectStore();
  await seedShippedDataset(store);
});

describe('what contradicts the data set', () => {
  it('is listed at once', async () => {
    const lines = await linesOf(findDataset(store, read().loaded()));
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/stages\.retrain\.recipe\.batchSize: 9000 .*training images/);
    expect(lines[1]).toMatch(/stages\.search\.augmentation\.cutout: 99 .*at most 28/);
    expect(lines[2]).toMatch(/stages\.search\.augmentation\.cropPadding: 28 .*less than 28/);
    expect(lines[3]).toMatch(/stages\.evaluate\.augmentation\.cutout: 99/);
  });

  it('is listed after what is wrong with the file itself', async () => {
    const wrong = read(
      TEXT,
      'stages.search.recipe.epochs=-1',
      'strategy.rescore=20',
      'stages.retrain.recipe.batchSize=none',
    );
    const lines = await linesOf(loadedOrRefused(wrong, () => store));
    expect(lines.filter((line) => /cutout: 99/.test(line))).toHaveLength(2);
    expect(lines.some((line) => /stages\.search\.recipe\.epochs: -1/.test(line))).toBe(true);
    expect(lines.some((line) => /strategy\.rescore: 20/.test(line))).toBe(true);
    // Only the type of the batch size is wrong: what stands in for it is not compared with the data set.
    expect(lines.filter((line) => /stages\.retrain\.recipe\.batchSize/.test(line))).toHaveLength(1);
  });

  it('leaves the file’s own errors where there is no store to ask, or no name of a data set', async () => {
    const down = (): ObjectStore => {
      throw infrastructureError('the stack is down', 'nas up');
    };
    const wrong = 'stages.search.recipe.epochs=-1';
    expect(await linesOf(loadedOrRefused(read(TEXT, wrong), down))).toHaveLength(1);
    const unnamed = read(TEXT.replace('data: fashion-mnist-small', 'data: 7'), wrong);
    const lines = await linesOf(loadedOrRefused(unnamed, () => store));
    expect(lines.filter((line) => /cutout|in the store/.test(line))).toEqual([]);
    expect(lines).toHaveLength(2);
  });

  it('is listed with what the queue refuses, unless the resources themselves are wrong', async () => {
    const refusing = (loaded: LoadedExperiment) =>
      Promise.reject(
        inputError('resources.vcpus', loaded.experiment.resources.vcpus, 'at most 2', 'ask for less'),
      );
    const wrong = ['stages.search.recipe.epochs=-1', 'resources.vcpus=99'];
    const lines = await linesOf(loadedOrRefused(read(TEXT, ...wrong), () => store, refusing));
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/stages\.search\.recipe\.epochs: -1/),
      expect.stringMatching(/resources\.vcpus: 99 /),
    ]);
    expect(lines).toHaveLength(6);
    const unknown = read(TEXT, ...wrong, 'resources.gpus=many');
    const told = await linesOf(loadedOrRefused(unknown, () => store, refusing));
    expect(told.filter((line) => /resources/.test(line))).toEqual([
      expect.stringMatching(/resources\.gpus: "many"/),
    ]);
  });

  it('names an unknown data set beside the file’s errors', async () => {
    const lines = await linesOf(
      loadedOrRefused(
        read(TEXT, 'stages.search.recipe.epochs=-1', 'task.data=fashion-mnist-smal'),
        () => store,
      ),
    );
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/task\.data: "fashion-mnist-smal".*did you mean fashion-mnist-small/);
  });
});

describe('memory of a GPU', () => {
  const wide = ['stages.evaluate.augmentation.cutout=0', 'stages.search.augmentation={}', 'resources.gpus=1'];
  const sized = (channels: number) =>
    read(
      TEXT,
      ...wide,
      'stages.retrain.recipe.batchSize=32',
      `stages.evaluate.network.channels=${channels}`,
    ).loaded();

  it('is held against what the stage cannot do without', async () => {
    await expect(findDataset(store, sized(64))).resolves.toBeDefined();
    await expect(findDataset(store, sized(8192), 16 * 1024)).rejects.toThrow(
      /stages\.evaluate: .*at most 16384 MiB here; this cannot do without \d+ MiB.*larger GPUs/,
    );
  });

  it('is that of the largest GPU where the queue does not tell', async () => {
    await expect(findDataset(store, sized(60_000))).rejects.toThrow(/at most 294912 MiB here/);
  });
});
