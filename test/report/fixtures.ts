import type { ImageManifest } from '../../nas/task/images/manifest.ts';
import type { RunDocuments } from '../../nas/report/build-report.ts';
import { settledExperimentSchema } from '../../nas/experiment/settled-experiment.ts';
import { metricOf } from '../../nas/task/terms.ts';
import { claiming } from '../../nas/experiment/claim.ts';
import type { Claim } from '../../nas/experiment/claim.ts';
import { budgetOf, paidFor } from '../../nas/protocol/budget.ts';
import { conclude } from '../../nas/protocol/conclusion.ts';
import { baselineJobs, evaluateJobs, retrainJobs, searchJobs } from '../../nas/protocol/plan.ts';
import type { AttemptRecord } from '../../nas/job/attempt-record.ts';
import type { CurvePoint, ProgramResult } from '../../nas/job/program-result.ts';
import type { Contender, JobReport, PlannedJob } from '../../nas/job/job-report.ts';
import type { StageRecord } from '../../nas/job/stage-record.ts';
import type { StageName } from '../../nas/experiment/stage-name.ts';
import { contenderOf } from '../../nas/job/contender.ts';
import type { JobView, StageView } from '../../nas/protocol/run-view.ts';
import { rankByValidation, trainedCells } from '../../nas/protocol/stages.ts';
import { deriveSeed, randomFromSeed } from '../../nas/core/random.ts';
import { dartsCnn } from '../../nas/space/darts-cnn.ts';

const EPOCH = Date.parse('2026-11-22T10:00:00Z');
const MANIFEST = {
  uri: 's3://nas/datasets/fashion-mnist-small/manifest.json',
  sha256: 'd'.repeat(64),
  bytes: 900,
};
const cost = { multiplyAdds: 4.2e12, images: 120_000 };

const ofCells = settledExperimentSchema.parse({
  name: 'quickstart',
  description: 'Random search with weight sharing on a small part of Fashion-MNIST.',
  space: { name: 'darts-cnn' },
  strategy: { name: 'random-weight-sharing', candidates: 200, rescore: 10 },
  task: { data: 'fashion-mnist-small' },
  stages: {
    search: { seeds: [0, 1], recipe: { epochs: 12 }, network: { channels: 8, layers: 5 } },
    retrain: { topK: 4, recipe: { epochs: 8 }, network: { channels: 8, layers: 5 } },
    evaluate: { seeds: [0, 1, 2], recipe: { epochs: 10 }, network: { channels: 8, layers: 5 } },
  },
  resources: { parallelism: 2, spotDollarsPerHour: 0.3, onDemandDollarsPerHour: 1 },
  rehearsal: { reclaims: 1 },
});

const drawing = randomFromSeed(11);
const cells = Array.from({ length: 400 }, () => {
  const genotype = dartsCnn.sample(drawing);
  return { genotype: dartsCnn.print(genotype), hash: dartsCnn.hash(genotype) };
});
/** A cell's hidden quality in [0, 1], from its hash. */
const quality = (genotype: string): number => randomFromSeed(deriveSeed(1, genotype)).uniform();

const curve = (epochs: number, final: number, seed: number, validated: boolean): CurvePoint[] => {
  const noise = randomFromSeed(seed);
  return Array.from({ length: epochs }, (_, i) => {
    const progress = 1 - Math.exp((-3 * (i + 1)) / epochs);
    const accuracy = 0.4 + (final - 0.4) * progress + 0.006 * noise.normal();
    return {
      epoch: i + 1,
      step: 62 * (i + 1),
      trainLoss: 2.2 - 1.7 * progress + 0.03 * noise.normal(),
      trainAccuracy: accuracy,
      learningRate: 0.0125 * (1 + Math.cos((Math.PI * i) / epochs)),
      ...(validated ? { validationAccuracy: accuracy - 0.01 + 0.004 * noise.normal() } : {}),
    };
  });
};

const search = (seed: number): ProgramResult => ({
  kind: 'search',
  candidates: cells
    .slice(200 * seed, 200 * seed + 200)
    .map(({ genotype }) => ({ genotype, score: 0.55 + 0.2 * quality(genotype) + 0.02 * seed }))
    .sort((a, b) => b.score - a.score)
    .map((candidate, i) => (i < 10 ? { ...candidate, rescored: candidate.score - 0.004 } : candidate)),
  curve: curve(12, 0.72 + 0.01 * seed, seed, false),
  cost,
  weightsSha256: 'a'.repeat(64),
});

const train = (genotype: string, seed: number, evaluatedOn: 'validation' | 'test'): ProgramResult => {
  const noise = randomFromSeed(deriveSeed(seed, genotype, evaluatedOn)).normal();
  const accuracy = Math.round(2000 * (0.84 + 0.045 * quality(genotype) + 0.0025 * noise)) / 2000;
  return {
    kind: 'train',
    genotype,
    evaluatedOn,
    accuracy,
    loss: 1 - accuracy,
    curve: curve(evaluatedOn === 'test' ? 10 : 8, accuracy, seed + 40, evaluatedOn === 'validation'),
    parameters: 60_000 + Math.round(90_000 * quality(genotype)),
    multiplyAdds: 5_000_000 + Math.round(9_000_000 * quality(genotype)),
    cost: { multiplyAdds: 2.1e12, images: 44_000 },
    weightsSha256: 'b'.repeat(64),
  };
};

const FASHION: ImageManifest = {
  version: 1,
  name: 'fashion-mnist-small',
  shape: [28, 28, 1],
  classes: [
    't-shirt',
    'trouser',
    'pullover',
    'dress',
    'coat',
    'sandal',
    'shirt',
    'sneaker',
    'bag',
    'ankle boot',
  ],
  splits: { train: { count: 8000, shards: [] }, test: { count: 2000, shards: [] } },
  normalisation: { mean: [0.2855], std: [0.3527] },
  sha256: 'f'.repeat(64),
  source: 'Fashion-MNIST (Xiao, Rasul & Vollgraf 2017)',
  licence: 'MIT',
  verified: 'sha256 of each file',
};

/**
 * A finished run as it lies in the store: 2 search seeds, 4 + 8 retrainings, 3 + 3 evaluations, one reclaim;
 * or, where its 2 searches are compared one by one, as many retrainings, and 3 + 3 evaluations of each.
 */
export const finishedRun = (claim: Claim = 'cell'): RunDocuments => {
  const experiment = claim === 'cell' ? ofCells : claiming(ofCells, claim);
  /** Searches whose winners are evaluated; `undefined` stands for all of them together. */
  const compared = claim === 'cell' ? [undefined] : [0, 1];
  const results: Record<string, ProgramResult> = {};
  const attempts: Record<string, AttemptRecord[]> = {};
  const slots = [0, 0];
  const carryOut = (job: PlannedJob, result: ProgramResult): JobReport => {
    results[job.jobId] = result;
    const slot = slots[0]! <= slots[1]! ? 0 : 1;
    const length = job.kind === 'search' ? 140 : job.kind === 'evaluate' ? 30 : 18;
    const reclaimed = job.jobId === 'stage-1/seed-0';
    const spans = reclaimed ? [50, length - 44] : [length];
    attempts[job.jobId] = spans.map((span, i) => {
      const startedAt = new Date(EPOCH + 1000 * slots[slot]!).toISOString();
      slots[slot]! += span;
      const endedAt = new Date(EPOCH + 1000 * slots[slot]!).toISOString();
      slots[slot]! += 3;
      return {
        jobId: job.jobId,
        epoch: i + 1,
        batchJobId: `batch-${job.jobId}`,
        batchAttempt: i + 1,
        host: 'host-1',
        startedAt,
        endedAt,
        outcome: reclaimed && i === 0 ? 'preempted' : 'succeeded',
        fromStep: i === 0 ? 0 : 310,
        toStep: reclaimed && i === 0 ? 310 : 744,
        checkpoints: { count: 4, bytes: 3_200_000, stallSeconds: 0.08 },
        trainSeconds: span - 2,
        peakBytes: 900_000_000,
      };
    });
    return {
      job,
      outcome: 'succeeded',
      attempts: spans.length,
      reclaims: spans.length - 1,
      seconds: spans.reduce((a, b) => a + b, 0),
      dollars: 0.01,
      result: {
        uri: `s3://nas/${job.jobId}`,
        sha256: 'c'.repeat(64),
        genotype: result.kind === 'train' ? result.genotype : result.candidates[0]!.genotype,
        accuracy: result.kind === 'train' ? result.accuracy : result.candidates[0]!.rescored!,
        scoredOn: result.kind === 'train' ? result.evaluatedOn : 'validation',
        cost: result.cost,
      },
    };
  };
  const trained = (job: PlannedJob, on: 'validation' | 'test'): JobReport =>
    carryOut(job, train(job.kind === 'search' ? '' : job.genotype, job.seed, on));

  const searched = searchJobs(experiment).map((job) => carryOut(job, search(job.seed)));
  const bestOf = (seed: number, rank: number) => {
    const found = results[`stage-1/seed-${seed}`] as Extract<ProgramResult, { kind: 'search' }>;
    const { genotype } = found.candidates[rank]!;
    return cells.find((cell) => cell.genotype === genotype)!;
  };
  const top = (search: number | undefined) =>
    search === undefined
      ? [bestOf(0, 0), bestOf(1, 0), bestOf(0, 1), bestOf(1, 1)]
      : [bestOf(search, 0), bestOf(search, 1)];
  const random = (search: number | undefined) =>
    search === undefined ? cells.slice(50, 58) : cells.slice(50 + 4 * search, 54 + 4 * search);
  const retrained = compared.flatMap((search) =>
    retrainJobs(experiment, top(search), search).map((job) => trained(job, 'validation')),
  );
  const drawn = compared.flatMap((search) =>
    baselineJobs(experiment, random(search), search).map((job) => trained(job, 'validation')),
  );
  const evaluations = (who: Contender, reports: readonly JobReport[]): JobReport[] =>
    compared.flatMap((search) => {
      const { genotype } = rankByValidation(trainedCells(reports, search))[0]!;
      return evaluateJobs(experiment, who, genotype, search).map((job) => trained(job, 'test'));
    });
  const evaluated = [...drawn, ...evaluations('winner', retrained), ...evaluations('baseline', drawn)];

  const stages: StageRecord[] = (
    [
      ['proxy-search', searched],
      ['retrain-top', retrained],
      ['evaluate', evaluated],
    ] as const
  ).map(([stage, reports]) => ({ version: 1, stage, reports }));
  const view = ({ job, attempts: tries, reclaims, result }: JobReport): JobView => ({
    jobId: job.jobId,
    kind: job.kind,
    status: 'done',
    seed: job.seed,
    ...(job.kind === 'evaluate' ? { contender: contenderOf(job) } : {}),
    ...('search' in job && job.search !== undefined ? { search: job.search } : {}),
    genotype: result!.genotype,
    attempts: tries,
    reclaims,
    outcome: 'succeeded',
    ...(result!.scoredOn === 'test'
      ? { testAccuracy: result!.accuracy }
      : { validationAccuracy: result!.accuracy }),
  });
  return {
    run: {
      version: 1,
      runId: 'quickstart-1122',
      experiment,
      experimentHash: 'e'.repeat(64),
      dataset: { name: 'fashion-mnist-small', manifest: MANIFEST },
      createdAt: new Date(EPOCH - 2000).toISOString(),
    },
    view: {
      runId: 'quickstart-1122',
      experiment: 'quickstart',
      status: 'done',
      stages: stages.map(({ stage, reports }): StageView => ({
        name: stage,
        status: 'done',
        jobs: reports.map(view),
      })),
      ...conclude(retrained, evaluated, metricOf(experiment)),
      ...(claim === 'search'
        ? { budget: budgetOf([paidFor([...searched, ...retrained, ...evaluated])], () => 0) }
        : {}),
      rehearsal: {
        jobId: 'stage-1/seed-0',
        reclaims: 1,
        text: 'stage-1/seed-0 was reclaimed on purpose after 1 checkpoint and went on from it.',
      },
    },
    dataset: FASHION,
    stages,
    results,
    attempts,
    trials: {},
    timedOn: {},
    receipts: [
      {
        experimentHash: 'e'.repeat(64),
        program: { kind: 'weight-sharing-search', seed: 0 },
        codeVersion: 'c0de'.repeat(16),
        threads: 1,
        totalSteps: 744,
        attempts: [
          { epoch: 1, fromStep: 0, killedAt: 120 },
          { epoch: 2, fromStep: 100, killedAt: 500 },
          { epoch: 3, fromStep: 480 },
        ],
        parts: ['weights', 'optimizer', 'result'].map((part) => ({ part, undisturbed: part, killed: part })),
        identical: true,
        runId: 'verify-1',
        createdAt: '2026-11-22T09:00:00.000Z',
      },
    ],
    software: { 'durable-nas': '0.1.0', node: 'v20.20.2' },
  };
};

/** A run that failed in stage 2: stage 1 is there, one retraining diverged, nothing was evaluated. */
export const failedRun = (): RunDocuments => {
  const whole = finishedRun();
  const names: readonly StageName[] = ['proxy-search', 'retrain-top', 'evaluate'];
  const keep = (jobId: string): boolean => jobId.startsWith('stage-1/');
  const pick = <T>(from: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(from).filter(([jobId]) => keep(jobId)));
  const diverged = whole.view.stages[1]!.jobs[0]!.jobId;
  const stageViews = names.map((name, i): StageView => {
    const jobs = whole.view.stages[i]!.jobs;
    if (i === 0) return { name, status: 'done', jobs };
    if (i === 2) return { name, status: 'pending', jobs: [] };
    const { jobId, seed, genotype } = jobs[0]!;
    return {
      name,
      status: 'failed',
      jobs: [
        {
          jobId,
          kind: 'retrain',
          seed,
          genotype: genotype!,
          status: 'failed',
          attempts: 1,
          reclaims: 0,
          outcome: 'diverged',
        },
      ],
    };
  });
  const { runId, experiment: name } = whole.view;
  return {
    ...whole,
    view: {
      runId,
      experiment: name,
      status: 'failed',
      stages: stageViews,
      error: 'retrain-top: no job succeeded',
    },
    stages: whole.stages.slice(0, 1),
    results: pick(whole.results),
    attempts: {
      ...pick(whole.attempts),
      [diverged]: [
        { ...whole.attempts[diverged]![0]!, outcome: 'diverged', error: 'loss is NaN at step 12' },
      ],
    },
  };
};
