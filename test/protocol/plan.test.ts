import { describe, expect, it } from 'vitest';
import { conclude } from '../../nas/protocol/conclusion.ts';
import { termsOf } from '../../nas/task/terms.ts';
import type { JobReport, PlannedTraining } from '../../nas/job/job-report.ts';
import { baselineJobs, evaluateJobs, jobDocument, retrainJobs, searchJobs } from '../../nas/protocol/plan.ts';
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

  it('changes with the data', () => {
    expect(experimentHash(experiment, { ...manifest, sha256: '1'.repeat(64) })).not.toBe(run.experimentHash);
  });
});

describe('conclude', () => {
  const { metric } = termsOf();
  const report = (job: PlannedTraining, accuracy: number | undefined): JobReport => ({
    job,
    outcome: accuracy === undefined ? 'lost' : 'succeeded',
    attempts: 1,
    reclaims: 0,
    seconds: 1,
    dollars: 0,
    ...(accuracy === undefined
      ? {}
      : {
          result: {
            uri: 's3://b/k',
            sha256: '',
            genotype: job.genotype,
            accuracy,
            scoredOn: job.kind === 'evaluate' ? ('test' as const) : ('validation' as const),
            cost: { multiplyAdds: 1, images: 1 },
          },
        }),
  });
  const tested = (who: 'winner' | 'baseline', accuracies: readonly (number | undefined)[]): JobReport[] =>
    accuracies.map((accuracy, seed) =>
      report({ kind: 'evaluate', jobId: `stage-3/${who}/seed-${seed}`, seed, genotype: who }, accuracy),
    );
  const retrained = [
    report({ kind: 'retrain', jobId: 'stage-2/cell-1', seed: 0, genotype: 'winner' }, 0.7),
    report({ kind: 'retrain', jobId: 'stage-2/cell-2', seed: 0, genotype: 'other' }, 0.6),
  ];

  it('pairs the seeds that finished for both, and keeps the others in the statistics', () => {
    const conclusion = conclude(
      retrained,
      [
        ...tested('winner', [0.9, 0.91, undefined, 0.93]),
        ...tested('baseline', [0.8, undefined, 0.82, 0.83]),
        report({ kind: 'baseline', jobId: 'stage-3/baseline/cell-1', seed: 0, genotype: 'baseline' }, 0.65),
      ],
      metric,
    );
    expect(conclusion.winner).toMatchObject({ genotype: 'winner', validationAccuracy: 0.7, test: { n: 3 } });
    expect(conclusion.baseline).toMatchObject({
      genotype: 'baseline',
      validationAccuracy: 0.65,
      test: { n: 3 },
    });
    expect(conclusion.verdict).toMatchObject({
      kind: 'better',
      text: 'better than the random cell at n = 2',
    });
    expect(conclusion.verdict?.meanDifference).toBeCloseTo(0.1, 12);
  });

  it('orders values by seed, also from ten on', () => {
    const twelve = tested(
      'winner',
      Array.from({ length: 12 }, (_, i) => i / 100),
    );
    const shuffled = [...twelve].sort((a, b) => (a.job.jobId < b.job.jobId ? -1 : 1));
    expect(conclude([], shuffled, metric).winner?.test.values).toEqual(
      Array.from({ length: 12 }, (_, i) => i / 100),
    );
  });

  it('gives no verdict without a pair, and no contender without a seed', () => {
    const conclusion = conclude(
      retrained,
      [...tested('winner', [0.9, undefined]), ...tested('baseline', [undefined, 0.8])],
      metric,
    );
    expect(conclusion.verdict).toBeUndefined();
    expect(conclude(retrained, tested('winner', [0.9]), metric).baseline).toBeUndefined();
  });
});
