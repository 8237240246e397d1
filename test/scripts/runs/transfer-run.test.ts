import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import { z } from 'zod';
import { textManifestSchema } from '../../../nas/task/text/manifest.ts';
import { imageManifestSchema, type ImageManifest } from '../../../nas/task/images/manifest.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { asSettled } from '../../../nas/experiment/settled-experiment.ts';
import { spaceOf } from '../../../nas/space/spaces.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import type { Session } from '../../../scripts/runs/connect.ts';
import { findDataset } from '../../../scripts/runs/check-stored.ts';
import { runRecord } from '../../../scripts/runs/prepare-run.ts';
import { transferRun } from '../../../scripts/runs/transfer-run.ts';
import { createDocument, readDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { textManifestOf } from '../../support/text-manifest-of.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';

const split = (count: number) => ({
  count,
  shards: [{ blob: { sha256: '0'.repeat(64), bytes: 1 }, count }],
});
const imagesOf = (name: string, side: number): ImageManifest => ({
  ...manifestOfShape(name, [side, side, 3]),
  splits: { train: split(8000), test: split(2000) },
  sha256: '1'.repeat(64),
});

/** Its images are never read; how many there are of each class is known. */
const createDataset = async (store: ObjectStore, manifest: ImageManifest): Promise<void> => {
  const { name, classes, splits, sha256: dataset } = manifest;
  const each = (count: number): number[] => classes.map(() => count / classes.length);
  await createDocument(store, keys.dataset(name), imageManifestSchema, manifest);
  await createDocument(store, keys.datasetCounts(name), z.unknown(), {
    version: 1,
    dataset,
    train: each(splits.train.count),
    test: each(splits.test.count),
  });
};

// There is no Batch here; `check-resources.test.ts` asks one.
vi.mock('../../../scripts/runs/check-resources.ts', () => ({ checkResources: () => Promise.resolve() }));

/**
 * A store with three data sets of images and two of texts, a finished run of the shipped experiment on one,
 * and what was started of Temporal.
 */
const afterRunOf = async (file: string, found: 'both' | 'nothing' = 'both', data = 'first') => {
  const store = createMemoryObjectStore();
  for (const manifest of [imagesOf('first', 32), imagesOf('second', 32), imagesOf('large', 96)])
    await createDataset(store, manifest);
  for (const manifest of [
    textManifestOf('ptb', 10_000, [929_589, 73_760, 82_430]),
    textManifestOf('wikitext-2', 33_278, [2_088_628, 217_646, 245_569]),
  ])
    await createDocument(store, keys.dataset(manifest.name), textManifestSchema, manifest);
  const overrides = [`task.data=${data}`, 'resources.parallelism=2'];
  const loaded = loadExperiment(readFileSync(`experiments/${file}`, 'utf8'), { file, overrides });
  const experiment = asSettled(loaded.experiment);
  const record = runRecord('source', experiment, await findDataset(store, loaded), new Date(0));
  await createDocument(store, keys.experiment('source'), runRecordSchema, record);
  const random = randomFromSeed(2);
  const [winner, baseline] = [
    spaceOf(experiment.space).sample(random).genotype,
    spaceOf(experiment.space).sample(random).genotype,
  ];
  const report = found === 'both' ? { winner: { genotype: winner }, baseline: { genotype: baseline } } : {};
  for (const [path, text] of Object.entries({
    'report.json': JSON.stringify(report),
    'report.md': '',
    'report.html': '',
  }))
    await store.put(keys.report('source', path), new TextEncoder().encode(text));
  const started: string[] = [];
  const client = {
    workflow: {
      start: (_: string, { workflowId }: { workflowId: string }) => {
        started.push(workflowId);
        return Promise.resolve({});
      },
    },
  };
  const session = { store, client, config: { taskQueue: 'q', queue: 'q' } } as unknown as Session;
  const recorded = (runId: string) => readDocument(store, keys.experiment(runId), runRecordSchema);
  return { session, started, winner, baseline, source: record, recorded };
};

describe('nas transfer', () => {
  it.each(['pnas-small.yaml', 'asha-small.yaml', 'quickstart.yaml', 'darts-small.yaml'])(
    'starts a run of what a run of %s found',
    async (file) => {
      const { session, started, winner, baseline, source, recorded } = await afterRunOf(file);
      const runId = await transferRun(session, 'source', {
        data: 'second',
        overrides: ['stages.evaluate.seeds=[5]'],
        name: 'moved',
      });
      expect([runId, started]).toEqual(['moved', ['moved']]);
      const record = await recorded('moved');
      expect(record?.dataset.name).toBe('second');
      expect(record?.experiment).toMatchObject({
        strategy: { name: 'given' },
        genotype: winner,
        origin: { run: 'source', experimentHash: source.experimentHash, data: 'first', baseline },
        // Two given cells: nothing is claimed of a search.
        stages: { evaluate: { ...source.experiment.stages.evaluate, claim: 'cell', seeds: [5] } },
        resources: source.experiment.resources,
      });
    },
  );

  it('gives large images their stem, and names the run itself', async () => {
    const { session, started, recorded } = await afterRunOf('pnas-small.yaml');
    const transfer = (...overrides: string[]) => transferRun(session, 'source', { data: 'large', overrides });
    await expect(transfer()).rejects.toThrow(/stages\.evaluate\.network.*channels 2: allowed.*8 and more/);
    const runId = await transfer('stages.evaluate.network.channels=8');
    expect(runId).toMatch(/^source-to-\d{6}$/);
    expect(started).toEqual([runId]);
    expect((await recorded(runId))?.experiment.stages.evaluate.network.stem).toBe('imagenet');
  });

  it('starts nothing without both contenders, or of data that are not there', async () => {
    const unfinished = await afterRunOf('pnas-small.yaml', 'nothing');
    await expect(
      transferRun(unfinished.session, 'source', { data: 'second', overrides: [] }),
    ).rejects.toThrow(/^run: "source".*stage 3 has evaluated both contenders/);
    const finished = await afterRunOf('pnas-small.yaml');
    await expect(transferRun(finished.session, 'source', { data: 'third', overrides: [] })).rejects.toThrow(
      /task\.data: "third".*first, large, ptb, second, wikitext-2/,
    );
    expect([...unfinished.started, ...finished.started]).toEqual([]);
  });

  it("moves a recurrent cell to WikiText-2, with the authors' settings for it", async () => {
    const { session, winner, baseline, recorded } = await afterRunOf('darts-ptb.yaml', 'both', 'ptb');
    // quark0/darts, README, `Architecture evaluation`: the line of WT2.
    const runId = await transferRun(session, 'source', {
      data: 'wikitext-2',
      overrides: [
        'stages.evaluate.network.embedding=700',
        'stages.evaluate.recipe.optimizer.weightDecay=5e-7',
        'stages.evaluate.recipe.dropouts.hidden=0.15',
      ],
      name: 'moved',
    });
    const { dataset, experiment } = (await recorded(runId))!;
    expect(dataset.name).toBe('wikitext-2');
    expect(experiment).toMatchObject({
      space: { name: 'darts-rnn' },
      strategy: { name: 'given' },
      genotype: winner,
      origin: { run: 'source', data: 'ptb', baseline },
      task: { kind: 'language-modelling', data: 'wikitext-2' },
      stages: {
        evaluate: {
          network: { embedding: 700 },
          recipe: {
            epochs: 3600,
            optimizer: { kind: 'asgd', learningRate: 20, weightDecay: 5e-7 },
            dropouts: { embedding: 0.1, input: 0.2, cell: 0.75, hidden: 0.15, output: 0.75 },
          },
        },
      },
    });
  });

  it('refuses data of another task, either way', async () => {
    const text = await afterRunOf('darts-ptb.yaml', 'both', 'ptb');
    await expect(transferRun(text.session, 'source', { data: 'first', overrides: [] })).rejects.toThrow(
      /task\.data: "first" is not allowed\. Allowed: data sets of language-modelling\. Fix: this one is of image-class/,
    );
    const images = await afterRunOf('pnas-small.yaml');
    await expect(transferRun(images.session, 'source', { data: 'ptb', overrides: [] })).rejects.toThrow(
      /task\.data: "ptb" is not allowed\. Allowed: data sets of image-classification\. Fix: this one is of language/,
    );
    expect([...text.started, ...images.started]).toEqual([]);
  });
});
