import { beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProgramData } from '../../../containers/trainer/resources.ts';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { collectRunDocuments } from '../../../activities/report/report-documents.ts';
import { estimate } from '../../../nas/estimate/estimate.ts';
import { checkMemory, checkNetworks, networkSizes } from '../../../nas/estimate/network-sizes.ts';
import { checkAgainstDataset } from '../../../nas/experiment/check-dataset.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import { experimentHash } from '../../../nas/experiment/run-record.ts';
import { asSettled } from '../../../nas/experiment/settled-experiment.ts';
import { buildReport } from '../../../nas/report/build-report.ts';
import { renderReport } from '../../../nas/report/render-report.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { countNetwork } from '../../../nas/training/tasks/count-network.ts';
import { printRun } from '../../../scripts/runs/print-run.ts';
import { findDatasets, readDataset, verifyDataset } from '../../../store/datasets.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { details, leaderboard } from '../../../workflows/board.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';
import { finish } from '../../training/programs/walk.ts';
import { foundCells } from '../../../scripts/runs/reported-cells.ts';
import { walkRun } from '../walk-run.ts';
import { writeSymbols } from './data.ts';
import './tensors.ts';
import { symbolTerms } from './terms.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const { metric } = symbolTerms;

const TEXT = `name: toy
space: { name: elman-chain }
strategy: { name: random-weight-sharing, candidates: 4, scoreMinibatches: 1, rescore: 1, scoreStatistics: batch }
task: { kind: symbols, data: toy-symbols }
stages:
  search: { seeds: [0, 1], recipe: { epochs: 1 } }
  retrain: { topK: 2, recipe: { epochs: 2 } }
  evaluate: { claim: cell, seeds: [0, 1], recipe: { epochs: 2 } }
resources: { parallelism: 1 }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'toy.yaml', overrides });

const store = createMemoryObjectStore();
const written = await writeSymbols(store, 'toy-symbols');
const { manifest } = written;

describe('a data set of another task', () => {
  it('is stored, listed, read and verified by its kind', async () => {
    expect((await findDatasets(store)).intact).toEqual([{ manifest, ref: written.ref }]);
    expect((await readDataset(store, 'toy-symbols'))?.manifest).toEqual(manifest);
    expect(await verifyDataset(store, manifest)).toEqual([]);
    expect((await writeSymbols(store, 'toy-symbols')).created).toBe(false);
    const wrong = await writeSymbols(store, 'wrong', {
      train: Uint8Array.of(1, 9),
      validation: Uint8Array.of(1, 2),
      test: Uint8Array.of(1, 2),
    });
    expect(await verifyDataset(store, wrong.manifest)).toEqual(['train: symbols from 4 on']);
  });
});

describe('an experiment of another task', () => {
  it('has its own fields with their defaults, and refuses those of others', () => {
    const { experiment } = load();
    expect(experiment.task).toEqual({ kind: 'symbols', data: 'toy-symbols' });
    expect(experiment.stages.search.network).toEqual({ units: 6 });
    expect(experiment.stages.search).not.toHaveProperty('augmentation');
    expect(() => load('stages.search.recipe.dropPath=0.1')).toThrow(/dropPath.*stateWeight/s);
    expect(() => load('task.validationFraction=0.5')).toThrow(/validationFraction.*the fields data, kind/s);
    expect(() => load('task.kind=symbol')).toThrow(/task\.kind.*symbols.*did you mean symbols/s);
  });

  it('refuses a space, and a data set, of another task', () => {
    expect(() => load('space.name=darts-cnn', 'strategy.scoreStatistics=running')).toThrow(
      /space\.name.*darts-cnn.*spaces of symbols: elman-chain.*image-classification/s,
    );
    const { experiment, place } = load();
    expect(() => checkAgainstDataset(experiment, manifestOfShape('images', [8, 8, 1]), place)).toThrow(
      /task\.data.*data sets of symbols.*this one is of image-classification/s,
    );
  });

  it('is foreseen: sizes, memory and cost', () => {
    const loaded = load();
    checkAgainstDataset(loaded.experiment, manifest, loaded.place);
    checkNetworks(loaded, manifest);
    checkMemory(loaded, manifest);
    expect(networkSizes(loaded.experiment, manifest).map(({ stage }) => stage)).toEqual([
      'search',
      'retrain',
      'evaluate',
    ]);
    const [search] = estimate(loaded.experiment, manifest);
    expect(search?.jobs).toBe(2);
  });
});

let walked: Awaited<ReturnType<typeof walkRun>>;
const opened: string[] = [];
beforeAll(async () => {
  const experiment = asSettled(load().experiment);
  const run = {
    version: 1,
    runId: 'symbols',
    experiment,
    experimentHash: experimentHash(experiment, written.ref),
    dataset: { name: manifest.name, manifest: written.ref },
    createdAt: '2026-01-01T00:00:00.000Z',
  } as const;
  const cache = mkdtempSync(join(tmpdir(), 'nas-symbols-'));
  try {
    walked = await walkRun(store, run, countNetwork, async ({ program: spec, dataset }) => {
      const data = await openProgramData(store, dataset, cache, 1);
      const program = await createProgram(spec, { tf, data });
      opened.push(program.progress().phase);
      try {
        return await finish(program);
      } finally {
        program.dispose();
      }
    });
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}, 600_000);

describe('a run of another task', () => {
  it('goes through all three stages, and chooses the lowest perplexity', () => {
    const { retrained, evaluated, view } = walked;
    expect(evaluated).toHaveLength(4);
    const least = Math.max(...retrained.map(({ result }) => result?.accuracy as number));
    expect(view.winner?.validationAccuracy).toBe(least);
    expect(metric.value(view.winner?.test.mean as number)).toBeGreaterThan(1);
    expect(view.verdict).toBeDefined();
  });

  it('costs what its dry run says', () => {
    const [search, retrain] = estimate(walked.run.experiment, manifest);
    const images = walked.retrained.reduce((sum, { result }) => sum + (result?.cost.images ?? 0), 0);
    expect(retrain?.images).toBe(images);
    expect(search?.jobs).toBe(2);
  });

  it('is shown on the board, in the status and in the report by its own words', async () => {
    const { board, view, run, retrained, drawn } = walked;
    const least = (reports: typeof retrained) =>
      Math.min(...reports.map(({ result }) => metric.value(result?.accuracy as number)));
    expect(details(board, metric)).toContain(`best ${least(retrained).toFixed(3)}`);
    expect(metric.value(leaderboard(board)[0]?.validationAccuracy as number)).toBe(
      least([...retrained, ...drawn]),
    );
    expect(printRun(view)).toContain(`test ${metric.value(view.winner?.test.mean as number).toFixed(3)} ±`);
    const report = buildReport(await collectRunDocuments(store, run, view, {}));
    const files = await renderReport(report);
    const found = foundCells.parse(JSON.parse(files['report.json']));
    expect(found.retrainings[0]?.genotype).toMatch(/^[tr]{4}$/);
    const page = files['report.html'].replace(/<svg[\s\S]*?<\/svg>/g, '');
    const shown = `${files['report.md'].replace(/```[\s\S]*?```/g, '')}${page.replace(/<pre[\s\S]*?<\/pre>/g, '')}`;
    expect(shown).toContain('Stage 3: test perplexity over training seeds');
    expect(shown).toContain('204 training, 66 validation, 71 test');
    expect(shown.replace(/figures\/[\w-]+\.svg/g, '')).not.toMatch(/accurac|percentage points|images?\b/i);
  });
});
