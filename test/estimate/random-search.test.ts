import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createPlanBaseline } from '../../activities/stages/plan-baseline.ts';
import { taskOf } from '../../nas/task/tasks.ts';
import { asSettled, withParallelism } from '../../nas/experiment/settled-experiment.ts';
import { experimentHash, runRecordSchema } from '../../nas/experiment/run-record.ts';
import type { StageName } from '../../nas/experiment/stage-name.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { estimate } from '../../nas/estimate/estimate.ts';
import type { JobReport, PlannedJob } from '../../nas/job/job-report.ts';
import { stageRecordSchema } from '../../nas/job/stage-record.ts';
import { evaluateJobs, programOf, retrainJobs, searchJobs } from '../../nas/protocol/plan.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { spaceOf } from '../../nas/space/spaces.ts';
import { costOfPasses, passesOf } from '../../nas/training/programs/passes.ts';
import { tensorTaskOf } from '../../nas/training/tasks/registry.ts';
import { seedShippedDataset } from '../../scripts/data/shipped.ts';
import { findDataset } from '../../scripts/runs/check-stored.ts';
import { createDocument } from '../../store/json-documents.ts';
import { keys } from '../../store/keys.ts';
import { createMemoryObjectStore } from '../../store/memory-object-store.ts';
import { launchDependencies } from '../support/launch-dependencies.ts';
import { createSimulatedBatch } from '../support/simulated-batch.ts';

const FILE = 'experiments/quickstart.yaml';
const text = readFileSync(FILE, 'utf8');

/**
 * A run whose jobs cost what their programs would count; found cells are as dear as random ones on average.
 */
const spent = async (...overrides: string[]) => {
  const loaded = loadExperiment(text, { file: FILE, overrides });
  const experiment = asSettled(withParallelism(loaded.experiment, 2));
  const store = createMemoryObjectStore();
  await seedShippedDataset(store);
  const dataset = await findDataset(store, loaded);
  const { manifest } = dataset;
  const hash = experimentHash(experiment, dataset.ref);
  await createDocument(store, keys.experiment('run'), runRecordSchema, {
    version: 1,
    ...{ runId: 'run', experiment, experimentHash: hash, createdAt: '2026-01-01T00:00:00.000Z' },
    dataset: { name: manifest.name, manifest: dataset.ref },
  });
  const run = { runId: 'run', experimentHash: hash };
  const [search, retrain, evaluate] = estimate(experiment, manifest);
  if (search === undefined || retrain === undefined || evaluate === undefined) throw new Error('no stages');

  const perImage = (genotype: string, stage: 'retrain' | 'evaluate'): number =>
    tensorTaskOf(experiment.task.kind).describe(manifest, {
      ...{ space: experiment.space, genotype, size: experiment.stages[stage].network },
    }).multiplyAdds;
  const trainingCost = (spec: ReturnType<typeof programOf>, multiplyAdds: number) =>
    costOfPasses(passesOf(spec, taskOf(experiment.task.kind).cuts(manifest, spec)), multiplyAdds);
  const random = randomFromSeed(5);
  const drawn = Array.from({ length: 200 }, () => spaceOf(experiment.space).sample(random));
  const mean = drawn.reduce((sum, { genotype }) => sum + perImage(genotype, 'retrain'), 0) / drawn.length;
  const usual = [...drawn].sort(
    (a, b) =>
      Math.abs(perImage(a.genotype, 'retrain') - mean) - Math.abs(perImage(b.genotype, 'retrain') - mean),
  );
  const report = (job: PlannedJob): JobReport => {
    const cost =
      job.kind === 'search'
        ? { images: 0, multiplyAdds: search.multiplyAdds / experiment.stages.search.seeds.length }
        : trainingCost(
            programOf(experiment, job),
            perImage(job.genotype, job.kind === 'evaluate' ? 'evaluate' : 'retrain'),
          );
    const result = {
      uri: '',
      sha256: '0'.repeat(64),
      genotype: 'genotype' in job ? job.genotype : '',
      accuracy: 0.5,
    };
    return {
      ...{ job, outcome: 'succeeded', attempts: 1, reclaims: 0, seconds: 1, dollars: 0 },
      result: { ...result, scoredOn: job.kind === 'evaluate' ? 'test' : 'validation', cost },
    };
  };
  const searches =
    experiment.stages.evaluate.claim === 'search' ? experiment.stages.search.seeds : [undefined];
  const cells = experiment.stages.retrain.topK / searches.length;
  const retrained = searches.flatMap((seed, i) =>
    retrainJobs(experiment, usual.slice(i * cells, (i + 1) * cells), seed).map(report),
  );
  const settle = (stage: StageName, reports: readonly JobReport[]) =>
    createDocument(store, keys.stageResult('run', stage), stageRecordSchema, { version: 1, stage, reports });
  await settle('proxy-search', searchJobs(experiment).map(report));
  await settle('retrain-top', retrained);
  const plan = createPlanBaseline(launchDependencies(store, createSimulatedBatch(store), 1));
  const ended: JobReport[] = [];
  for (let jobs = await plan({ run, ended }); jobs.length > 0; jobs = await plan({ run, ended }))
    ended.push(...jobs.map(report));
  const evaluated = searches.flatMap((seed) =>
    (['winner', 'baseline'] as const).flatMap((who) =>
      evaluateJobs(experiment, who, usual[0]?.genotype ?? '', seed).map(report),
    ),
  );
  const sum = (reports: readonly JobReport[]): number =>
    reports.reduce((total, { result }) => total + (result?.cost.multiplyAdds ?? 0), 0);
  return {
    estimated: { retrain, evaluate },
    counted: { retrain: sum(retrained), evaluate: sum([...ended, ...evaluated]) },
    jobs: ended.length + evaluated.length,
  };
};

describe('what a dry run expects of stages 2 and 3', () => {
  it.each([
    ['searches that are compared one by one', []],
    ['two cells', ['stages.evaluate.claim=cell']],
  ])('is within 2 percent of what a run counts, of %s', async (_, overrides) => {
    const { estimated, counted, jobs } = await spent(...overrides);
    expect(jobs).toBe(estimated.evaluate.jobs);
    for (const stage of ['retrain', 'evaluate'] as const)
      expect(Math.abs(counted[stage] / estimated[stage].multiplyAdds - 1)).toBeLessThan(0.02);
  });
});
