import { taskOf } from '../task/tasks.ts';
import { metricOf, termsOf } from '../task/terms.ts';
import { integer, percent } from '../core/number-text.ts';
import { dollars, duration, instant, quantity, scored, shortHash } from './format.ts';
import { spaceText } from '../space/read-genotype.ts';
import { searchOfTrial } from '../job/trial-job-id.ts';
import type { ContenderView } from '../protocol/run-view.ts';
import { shortNames } from './names.ts';
import type { RunReport, StageSpending } from './run-report.ts';

/** Tables that the Markdown and the HTML report share, as plain text. */

const STAGE_TITLES = {
  'proxy-search': 'stage 1 · proxy search',
  'retrain-top': 'stage 2 · retrain the top cells',
  evaluate: 'stage 3 · evaluate against random',
} as const satisfies Record<StageSpending['stage'], string>;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Work, time and, where the experiment states prices, money by stage; the last row is the sum. */
export const spendingTable = ({ spending, configuration }: RunReport): Table => {
  const { spotDollarsPerHour, onDemandDollarsPerHour } = configuration.resources;
  const priced = spotDollarsPerHour > 0 || onDemandDollarsPerHour > 0;
  const total: Omit<StageSpending, 'stage' | 'wallSeconds'> = {
    jobs: 0,
    attempts: 0,
    reclaims: 0,
    machineSeconds: 0,
    dollars: 0,
    onDemandDollars: 0,
    multiplyAdds: 0,
    images: 0,
  };
  const sum = (field: keyof typeof total): number => spending.reduce((all, stage) => all + stage[field], 0);
  const row = (name: string, wall: string, of: (field: keyof typeof total) => number): string[] => [
    name,
    integer(of('jobs')),
    integer(of('attempts')),
    integer(of('reclaims')),
    wall,
    duration(of('machineSeconds')),
    quantity(of('multiplyAdds')),
    quantity(of('images')),
    ...(priced ? [dollars(of('dollars')), dollars(of('onDemandDollars'))] : []),
  ];
  return {
    columns: [
      'stage',
      'jobs',
      'attempts',
      'reclaims',
      'wall time',
      'machine time',
      'multiply-adds',
      `${termsOf(configuration.task.kind).example}s`,
      ...(priced ? ['spot price', 'on demand'] : []),
    ],
    rows: [
      ...spending.map((stage) =>
        row(
          STAGE_TITLES[stage.stage],
          stage.wallSeconds === undefined ? '' : duration(stage.wallSeconds),
          (field) => stage[field],
        ),
      ),
      row('all', '', sum),
    ],
  };
};

/** Stage 1's best candidates of each seed, and whether stage 2 retrained them. */
export const candidateTable = ({ searches, retrainings, configuration }: RunReport): Table => ({
  columns: [
    ...['search seed', 'rank', 'score'],
    `re-scored on all validation ${termsOf(configuration.task.kind).example}s`,
    'retrained as',
  ],
  rows: searches.flatMap(({ seed, best }) =>
    best.map(({ genotype, score, rescored }, at) => [
      `${seed}`,
      `${at + 1}`,
      scored(metricOf(configuration), score),
      rescored === undefined ? '' : scored(metricOf(configuration), rescored),
      retrainings.find((entry) => entry.by === 'winner' && entry.genotype === genotype)?.jobId ?? '',
    ]),
  ),
});

/** What a judge spared each search, and how often it was wrong on its held sample. */
export const judgeTable = ({ searches }: RunReport): Table => ({
  columns: [
    'search seed',
    'trained',
    'rejected untrained',
    'multiply-adds saved',
    'machine time saved',
    'held sample',
    'of it wrongly rejected',
  ],
  rows: searches.flatMap(({ seed, trials }) => {
    if (trials?.judge === undefined) return [];
    const { scored, infeasible, judge } = trials;
    const { rejected, held, wronglyRejected, saved } = judge;
    return [
      [
        `${seed}`,
        integer(scored.length + infeasible),
        integer(rejected),
        quantity(saved.multiplyAdds),
        duration(saved.machineSeconds),
        integer(held),
        held === 0 ? '' : `${integer(wronglyRejected)} (${percent(wronglyRejected / held, 0)})`,
      ],
    ];
  }),
});

/** Cells trained from scratch at stage-2 fidelity, best validation score first. */
export const retrainingTable = ({ retrainings, configuration }: RunReport): Table => ({
  columns: [
    '',
    'cell',
    'found by',
    'score in stage 1',
    'rank',
    'search seed',
    'validation',
    'parameters',
    'multiply-adds',
    'activations of a minibatch',
  ],
  rows: retrainings.map(({ jobId, by, search, proxy, accuracy, parameters, ...counted }, i) => [
    `${i + 1}`,
    jobId.split('/').at(-1) ?? jobId,
    shortNames(configuration)[by],
    proxy === undefined ? '' : scored(metricOf(configuration), proxy.score),
    proxy === undefined ? '' : `${proxy.rank}`,
    `${search ?? proxy?.searchSeed ?? ''}`,
    scored(metricOf(configuration), accuracy),
    quantity(parameters),
    quantity(counted.multiplyAdds),
    counted.activationBytes === undefined ? '' : `${quantity(counted.activationBytes)}B`,
  ]),
});

/** Test score by training seed, and by search where searches are compared one by one. */
export const evaluationTable = ({ evaluations, configuration }: RunReport): Table => {
  const metric = metricOf(configuration);
  const ascending = (a = 0, b = 0): number => a - b;
  const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
  const searches = unique(evaluations.map(({ search }) => search)).sort(ascending);
  const seeds = unique(evaluations.map(({ seed }) => seed)).sort(ascending);
  const printed = (score: number | undefined): string => (score === undefined ? '' : scored(metric, score));
  const rows = searches.flatMap((search) =>
    seeds.map((seed) => {
      const [found, random] = (['winner', 'baseline'] as const).map(
        (who) =>
          evaluations.find(
            (entry) => entry.contender === who && entry.seed === seed && entry.search === search,
          )?.accuracy,
      );
      return [
        ...(search === undefined ? [] : [`${search}`]),
        `${seed}`,
        printed(found),
        printed(random),
        found === undefined || random === undefined ? '' : metric.formatDifference(found - random),
      ];
    }),
  );
  return {
    columns: [
      ...(searches.some((search) => search !== undefined) ? ['search seed'] : []),
      'training seed',
      ...Object.values(shortNames(configuration)),
      'difference',
    ],
    rows,
  };
};

/** The winners of searches that are compared one by one, and those of their random searches. */
export const pairTable = ({ pairs = [], configuration }: RunReport): Table => {
  const metric = metricOf(configuration);
  const side = ({ test, validationAccuracy }: ContenderView): string[] => [
    `${scored(metric, test.mean)} ± ${metric.formatSpread(test.sd, test.mean)} (n = ${test.n})`,
    validationAccuracy === undefined ? '' : scored(metric, validationAccuracy),
  ];
  const { winner, baseline } = shortNames(configuration);
  return {
    columns: ['search seed', ...[winner, baseline].flatMap((name) => [name, 'validation']), 'difference'],
    rows: pairs.map((pair) => [
      `${pair.search}`,
      ...side(pair.winner),
      ...side(pair.baseline),
      metric.formatDifference(pair.winner.test.mean - pair.baseline.test.mean),
    ]),
  };
};

/** Jobs that did not succeed, with their last words. */
export const failureTable = ({ failures }: RunReport): Table => ({
  columns: ['job', 'outcome', 'attempts', 'last words'],
  rows: failures.map(({ jobId, outcome, attempts, error = '' }) => [jobId, outcome, `${attempts}`, error]),
});

/** Jobs that Batch did not start at once, with the first reason that it gave. */
export const waitTable = ({ stages }: RunReport): Table => ({
  columns: ['job', 'waited, at first because of'],
  rows: stages.flatMap(({ jobs }) =>
    jobs.flatMap(({ jobId, waited }) => (waited === undefined ? [] : [[jobId, waited]])),
  ),
});

/** Resume receipts: what was killed where, and whether anything differs from a job left alone. */
export const receiptTable = ({ receipts }: RunReport): Table => ({
  columns: ['made', 'program', 'killed after step', 'of steps', 'parts compared', 'outcome', 'code'],
  rows: receipts.map(({ createdAt, program, attempts, totalSteps, parts, identical, codeVersion }) => {
    const different = parts
      .filter(({ undisturbed, killed }) => undisturbed !== killed)
      .map(({ part }) => part);
    return [
      instant(createdAt),
      `${program.kind}, seed ${program.seed}`,
      attempts.flatMap(({ killedAt }) => killedAt ?? []).join(', '),
      integer(totalSteps),
      integer(parts.length),
      identical ? 'identical' : `differs: ${different.join(', ')}`,
      shortHash(codeVersion),
    ];
  }),
});

/** Attempts that a table shows: of the trials of a search, which may be thousands, those with a story. */
export const toldAttempts = (attempts: RunReport['attempts']): RunReport['attempts'] =>
  attempts.filter(
    ({ jobId, outcome, fromStep }) =>
      searchOfTrial(jobId) === undefined || outcome !== 'succeeded' || fromStep > 0,
  );

/** Attempts one by one: when, where, from which step to which, how it ended and what its checkpoints cost. */
export const attemptTable = ({ attempts }: RunReport): Table => ({
  columns: [
    'job',
    'attempt',
    'began',
    'lasted',
    'steps',
    'ended',
    'checkpoints',
    'stall',
    'peak memory',
    'host',
  ],
  rows: toldAttempts(attempts).map((attempt) => {
    const { startedAt, endedAt, fromStep, toStep, checkpoints, peakBytes } = attempt;
    const trouble = [attempt.error, ...(attempt.walkedBack ?? []), ...(attempt.mended ?? [])]
      .filter((text) => text !== undefined)
      .join('; ');
    return [
      attempt.jobId,
      `${attempt.epoch}`,
      startedAt.slice(11, 19),
      endedAt === undefined ? '' : duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000),
      `${integer(fromStep)} → ${toStep === undefined ? '?' : integer(toStep)}`,
      `${attempt.outcome ?? 'killed without last words'}${trouble === '' ? '' : ` (${trouble})`}`,
      checkpoints === undefined ? '' : `${checkpoints.count} · ${quantity(checkpoints.bytes)}B`,
      checkpoints === undefined ? '' : `${checkpoints.stallSeconds.toFixed(2)} s`,
      peakBytes === undefined ? '' : `${quantity(peakBytes)}B`,
      attempt.host,
    ];
  }),
});

/** Versions that the attempts named, several where they differ. */
const trainingSoftware = ({ attempts }: RunReport): Readonly<Record<string, string>> => {
  const versions: Record<string, Set<string>> = {};
  for (const { software = {} } of attempts) {
    for (const [name, version] of Object.entries(software)) (versions[name] ??= new Set()).add(version);
  }
  return Object.fromEntries(
    Object.entries(versions).map(([name, all]) => [name, [...all].sort().join(', ')]),
  );
};

/** Hashes, versions, seeds and data: what identifies the run. */
export const identityTable = (report: RunReport): Table => {
  const { provenance, configuration, data } = report;
  const { search, retrain, evaluate } = configuration.stages;
  const task = taskOf(configuration.task.kind);
  return {
    columns: ['what', 'value'],
    rows: [
      ['run', report.runId],
      ['experiment hash', provenance.experimentHash],
      ['created', provenance.createdAt],
      ...(provenance.endedAt === undefined ? [] : [['last attempt ended', provenance.endedAt]]),
      ['space', spaceText(configuration.space)],
      ['strategy', configuration.strategy.name],
      ...(configuration.genotype === undefined ? [] : [['genotype', configuration.genotype]]),
      ...(configuration.origin === undefined
        ? []
        : [
            [
              'transferred from',
              `run ${configuration.origin.run} on ${configuration.origin.data}, experiment hash ${configuration.origin.experimentHash}`,
            ],
          ]),
      ...(data === undefined
        ? [['data set', configuration.task.data]]
        : [
            ['data set', `${data.name}: ${data.source}`],
            ['data set sha256', data.sha256],
            ...task.reported(data).map(([what, value]) => [what, value]),
            ['licence of the data', data.licence],
          ]),
      ['split', task.splitText(configuration.task, data)],
      [
        'seeds',
        `search ${search.seeds.join(', ')}; retraining ${retrain.seed}; evaluation ${evaluate.seeds.join(', ')}; baseline cells ${evaluate.baselineSeed}`,
      ],
      ['threads', `${configuration.resources.threads}`],
      ...Object.entries(provenance.software),
      ...Object.entries(trainingSoftware(report)).map(([name, versions]) => [`${name} (training)`, versions]),
    ],
  };
};
