import { describe, expect, it } from 'vitest';
import { stageRecordSchema } from '../../../nas/job/stage-record.ts';
import { runRecordSchema } from '../../../nas/experiment/run-record.ts';
import { createLimits } from '../../../activities/search/limits.ts';
import { createPlanBaseline } from '../../../activities/stages/plan-baseline.ts';
import type { NetworkSize } from '../../../nas/task/task.ts';
import type { JobReport, PlannedJob } from '../../../nas/job/job-report.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import type { RunRecord } from '../../../nas/experiment/run-record.ts';
import { asSettled } from '../../../nas/experiment/settled-experiment.ts';
import { chosenSpace } from '../../../nas/space/registry.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { countNetwork } from '../../../nas/training/tasks/count-network.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { manifestOfShape } from '../../support/manifest-of-shape.ts';
import { storeToyDataset } from '../../support/run-record.ts';
import { createSimulatedBatch } from '../../support/simulated-batch.ts';
import { launchDependencies } from '../../support/launch-dependencies.ts';

const HASH = 'e'.repeat(64);
const SIZE = { channels: 8, layers: 3, stem: 'cifar' } as const;
const space = chosenSpace({ name: 'nas-bench-201' });
const counted = (genotype: string, size: NetworkSize = SIZE) => {
  const counts = countNetwork({
    space: { name: 'nas-bench-201' },
    genotype,
    size,
    data: manifestOfShape('toy', [16, 16, 3], 3),
  });
  if (counts === undefined) throw new Error(`${genotype}: cannot be built`);
  return counts;
};
const random = randomFromSeed(1);
const genotypes = Array.from({ length: 40 }, () => space.print(space.sample(random)));

const begin = async (limits: string) => {
  const store = createMemoryObjectStore();
  const manifest = await storeToyDataset(store);
  const record: RunRecord = {
    version: 1,
    runId: 'run',
    experiment: asSettled(
      loadExperiment(
        `name: toy
space: { name: nas-bench-201 }
strategy: { name: random }
task: { data: toy }
resources: { parallelism: 4 }
stages:
  search:
    seeds: [0]
    evaluations: 8
    network: { channels: 8, layers: 3 }
    objective: { limits: ${limits} }
  retrain: { topK: 1, network: { channels: 16, layers: 3 } }
`,
        { file: 'toy.yaml', overrides: [] },
      ).experiment,
    ),
    experimentHash: HASH,
    dataset: { name: 'toy', manifest },
    createdAt: '2026-01-01T00:00:00.000Z',
  };
  await createDocument(store, keys.experiment('run'), runRecordSchema, record);
  const deps = launchDependencies(store, createSimulatedBatch(store, { milliseconds: 0 }));
  return { store, record, deps };
};

describe('the limits of a search', () => {
  const bound = counted(genotypes[0] as string).parameters;

  it('are known of a network before it is trained', async () => {
    const { record, deps } = await begin(`{ parameters: { max: ${bound} } }`);
    const isBeyond = await createLimits(deps)(record);
    const beyond = genotypes.filter(isBeyond);
    expect(beyond).toEqual(genotypes.filter((genotype) => counted(genotype).parameters > bound));
    expect(beyond.length).toBeGreaterThan(0);
    expect(beyond.length).toBeLessThan(genotypes.length);
  });

  it('say nothing of a timing, beside what can be counted', async () => {
    const timed = await begin('{ latencyMilliseconds: { max: 1 } }');
    expect(genotypes.filter(await createLimits(timed.deps)(timed.record))).toEqual([]);
    const both = await begin('{ latencyMilliseconds: { max: 1 }, multiplyAdds: { max: 1 } }');
    expect(genotypes.filter(await createLimits(both.deps)(both.record))).toEqual(genotypes);
  });

  it('hold for the random baseline as well', async () => {
    const { store, record, deps } = await begin(`{ parameters: { max: ${bound} } }`);
    const result = {
      uri: 's3://test/result',
      sha256: '0'.repeat(64),
      genotype: genotypes[0] as string,
      accuracy: 0.5,
      scoredOn: 'validation',
      cost: { multiplyAdds: 1e9, images: 1 },
    } as const;
    const report = (job: PlannedJob): JobReport => ({
      job,
      outcome: 'succeeded',
      attempts: 1,
      reclaims: 0,
      seconds: 1,
      dollars: 0,
      result,
    });
    const retrained = { kind: 'retrain', jobId: 'stage-2/cell-a', seed: 0, genotype: genotypes[0] as string };
    const search = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0, by: 'trials' } as const;
    for (const [stage, job] of [
      ['proxy-search', { ...report(search), result: { ...result, cost: { multiplyAdds: 19e9, images: 1 } } }],
      ['retrain-top', report(retrained as PlannedJob)],
    ] as const)
      await createDocument(store, keys.stageResult('run', stage), stageRecordSchema, {
        version: 1,
        stage,
        reports: [job],
      });
    const planned = await createPlanBaseline(deps)({
      run: { runId: 'run', experimentHash: HASH },
      ended: [],
    });
    const cells = planned.flatMap((job) => (job.kind === 'search' ? [] : [job.genotype]));
    for (const cell of cells) expect(counted(cell).parameters).toBeLessThanOrEqual(bound);
    // Both stages cost twenty times what the retrained cell did; the random cells as much, to less than one
    // of them.
    const costs = [genotypes[0] as string, ...cells].map(
      (cell) => counted(cell, record.experiment.stages.retrain.network).multiplyAdds,
    );
    const [retrainedOnce = 0, ...random] = costs;
    const total = random.reduce((sum, cost) => sum + cost, 0);
    expect(total).toBeGreaterThanOrEqual(20 * retrainedOnce);
    expect(total - (random.at(-1) ?? 0)).toBeLessThan(20 * retrainedOnce);
  });
});
