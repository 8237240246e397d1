import { describe, expect, it } from 'vitest';
import type { PlannedTraining } from '../../nas/job/job-report.ts';
import {
  baselineJobs,
  evaluateJobs,
  gateJobs,
  jobDocument,
  retrainJobs,
  searchJobs,
} from '../../nas/protocol/plan.ts';
import { claiming } from '../../nas/experiment/claim.ts';
import { experimentHash } from '../../nas/experiment/run-record.ts';
import { runRecordForTests } from '../support/run-record.ts';

const run = runRecordForTests('run');
const { experiment } = run;
const cells = [
  { genotype: 'a', hash: 'ab12cd34ef' },
  { genotype: 'b', hash: '00112233ff' },
];

describe('planned jobs', () => {
  it('are named as the protocol reads', () => {
    expect(searchJobs(experiment).map((job) => job.jobId)).toEqual(['stage-1/seed-0', 'stage-1/seed-1']);
    expect(retrainJobs(experiment, cells).map((job) => job.jobId)).toEqual([
      'stage-2/cell-ab12cd34',
      'stage-2/cell-00112233',
    ]);
    expect(baselineJobs(experiment, cells)[0]?.jobId).toBe('stage-3/baseline/cell-ab12cd34');
    expect(evaluateJobs(experiment, 'winner', 'a').map((job) => job.jobId)).toEqual([
      'stage-3/winner/seed-0',
      'stage-3/winner/seed-1',
    ]);
  });

  it('of searches that are compared one by one say whose they are', () => {
    expect(retrainJobs(experiment, cells, 7).map(({ jobId, search }) => [jobId, search])).toEqual([
      ['stage-2/search-7/cell-ab12cd34', 7],
      ['stage-2/search-7/cell-00112233', 7],
    ]);
    expect(baselineJobs(experiment, cells, 7)[0]).toMatchObject({
      jobId: 'stage-3/baseline/search-7/cell-ab12cd34',
      search: 7,
    });
    expect(evaluateJobs(experiment, 'baseline', 'a', 7)[1]).toEqual({
      ...{ kind: 'evaluate', jobId: 'stage-3/baseline/search-7/seed-1', seed: 1 },
      ...{ genotype: 'a', contender: 'baseline', search: 7 },
    });
    const sampled = cells.map((cell) => ({ ...cell, searchSeed: 1, standing: 1 }));
    expect(gateJobs(experiment, sampled)[0]).not.toHaveProperty('search');
    expect(gateJobs(claiming(experiment, 'search'), sampled)[0]).toMatchObject({ search: 1 });
  });

  it('train the same cell of two searches with seeds of their own, both sides of one search alike', () => {
    const seedOf = (job: PlannedTraining | undefined) => {
      if (job === undefined) throw new Error('no job');
      return jobDocument(run, job).program.seed;
    };
    const seeds = [undefined, 0, 1].flatMap((search) => [
      seedOf(retrainJobs(experiment, cells, search)[0]),
      ...evaluateJobs(experiment, 'winner', 'a', search).map(seedOf),
    ]);
    expect(seeds.slice(0, 3)).toEqual([0, 0, 1]);
    // Seed 0 retrains and evaluates.
    expect(new Set(seeds.slice(3)).size).toBe(4);
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0)).toBe(true);
    expect(seedOf(evaluateJobs(experiment, 'baseline', 'b', 1)[0])).toBe(seeds[7]);
    expect(seedOf(baselineJobs(experiment, cells, 1)[0])).toBe(seeds[6]);
  });

  it('never show the test split to a search or a selection', () => {
    const selecting = [...retrainJobs(experiment, cells), ...baselineJobs(experiment, cells)];
    for (const job of selecting)
      expect(jobDocument(run, job).program).toMatchObject({ trainOn: 'train', evaluateOn: 'validation' });
    for (const job of evaluateJobs(experiment, 'baseline', 'a'))
      expect(jobDocument(run, job).program).toMatchObject({
        trainOn: 'train+validation',
        evaluateOn: 'test',
      });
  });

  it('give the baseline cells exactly the training of stage 2', () => {
    const [found] = retrainJobs(experiment, cells);
    const [random] = baselineJobs(experiment, cells);
    if (found === undefined || random === undefined) throw new Error('no jobs');
    expect(jobDocument(run, random).program).toEqual(jobDocument(run, found).program);
  });

  it('are the same document each time', () => {
    const [job] = searchJobs(experiment);
    if (job === undefined) throw new Error('no jobs');
    expect(jobDocument(run, job)).toEqual(jobDocument(run, job));
    expect(jobDocument(run, job)).toMatchObject({
      experimentHash: run.experimentHash,
      jobId: 'stage-1/seed-0',
    });
  });
});

describe('experimentHash', () => {
  const manifest = run.dataset.manifest;
  it('is that of the science alone', () => {
    const renamed = {
      ...experiment,
      name: 'other',
      description: 'x',
      checkpoint: { ...experiment.checkpoint, keep: 9 },
      rehearsal: { ...experiment.rehearsal, reclaims: 1 },
      resources: { ...experiment.resources, parallelism: 7 },
    };
    expect(experimentHash(renamed, manifest)).toBe(run.experimentHash);
  });

  it.each([
    ['threads', { ...experiment, resources: { ...experiment.resources, threads: 2 } }],
    ['the split', { ...experiment, task: { ...experiment.task, splitSeed: 1 } }],
    [
      'a stage',
      { ...experiment, stages: { ...experiment.stages, retrain: { ...experiment.stages.retrain, topK: 1 } } },
    ],
  ])('changes with %s', (_, changed) => {
    expect(experimentHash(changed, manifest)).not.toBe(run.experimentHash);
  });

  it('changes with a claim about the search, not with that of 0.1.0', () => {
    const hashOf = (claim: 'cell' | 'search') => experimentHash(claiming(experiment, claim), manifest);
    expect(hashOf('cell')).toBe(run.experimentHash);
    expect(hashOf('search')).not.toBe(run.experimentHash);
  });

  it('changes with the data', () => {
    expect(experimentHash(experiment, { ...manifest, sha256: '1'.repeat(64) })).not.toBe(run.experimentHash);
  });
});
