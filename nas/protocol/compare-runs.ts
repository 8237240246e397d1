import { inputError } from '../core/input-error.ts';
import type { RunRecord } from '../experiment/run-record.ts';
import { printedOrder, withUnit } from '../task/metric.ts';
import { metricOf, termsOf } from '../task/terms.ts';
import type { TaskKind } from '../task/terms.ts';
import type { ContenderView, CostView, RunView, SeedStatistics } from './run-view.ts';
import { seedStatistics } from './statistics.ts';
import { welchInterval } from './welch.ts';

/** What is known of one of the runs. */
export interface ComparedRun {
  readonly record: RunRecord;
  readonly view: RunView;
  readonly cost: CostView;
}

export interface RunSummary {
  readonly runId: string;
  readonly status: RunView['status'];
  readonly space: string;
  readonly strategy: string;
  readonly winner?: ContenderView;
  readonly baseline?: ContenderView;
  /** Where searches were compared one by one: their winners, and those of their random searches, by means. */
  readonly searches?: { readonly found: SeedStatistics; readonly random: SeedStatistics };
  /** The run's own verdict: winner against random search of the same budget. */
  readonly verdict?: string;
  readonly jobs: number;
  readonly attempts: number;
  readonly reclaims: number;
  /** Machine seconds of all attempts, their price, and the multiply-adds of what succeeded. */
  readonly seconds: number;
  readonly dollars: number;
  readonly multiplyAdds: number;
}

/** Test scores of what the two runs found against each other. */
export interface Difference {
  /** What is compared: several searches of each run, or the best cell of each. */
  readonly of: 'searches' | 'cells';
  /** Mean of the first's scores less mean of the second's. */
  readonly difference?: number;
  /** Welch's 95 % interval; absent where one side has fewer than two values, or none spreads. */
  readonly interval?: readonly [number, number];
  readonly kind: 'first-better' | 'second-better' | 'not-distinguishable' | 'unknown';
  readonly text: string;
  /** What the interval does not cover; for people. */
  readonly caveats: readonly string[];
}

export interface RunComparison {
  readonly first: RunSummary;
  readonly second: RunSummary;
  readonly data: string;
  /** What both learn. */
  readonly task: TaskKind;
  /** Fields of the experiments that differ, by path; a missing value is null. */
  readonly differences: readonly {
    readonly field: string;
    readonly first: unknown;
    readonly second: unknown;
  }[];
  readonly test: Difference;
}

/** Leaves of a document by dotted path; lists are leaves. */
const leaves = (value: unknown, path = ''): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`))
    : [[path, value]];

/** Labels: they change nothing. */
const LABELS = new Set(['name', 'description']);

const differing = (a: unknown, b: unknown): RunComparison['differences'] => {
  const [first, second] = [new Map(leaves(a)), new Map(leaves(b))];
  return [...new Set([...first.keys(), ...second.keys()])]
    .filter((field) => !LABELS.has(field))
    .filter((field) => JSON.stringify(first.get(field)) !== JSON.stringify(second.get(field)))
    .map((field) => ({ field, first: first.get(field) ?? null, second: second.get(field) ?? null }));
};

/** Means of the winners of searches that were compared one by one; of one search nothing follows. */
const searchesOf = ({ view: { pairs = [] } }: ComparedRun): RunSummary['searches'] => {
  const [found, random] = (['winner', 'baseline'] as const).map((who) =>
    pairs.map((pair) => pair[who].test.mean),
  ) as [number[], number[]];
  return pairs.length < 2 ? undefined : { found: seedStatistics(found), random: seedStatistics(random) };
};

const caveatsOf = (
  a: ComparedRun,
  b: ComparedRun,
  of: Difference['of'],
  fields: readonly string[],
): readonly string[] => [
  ...(of === 'cells'
    ? ['the spread is that of training one winner with other seeds; searching again may find another winner']
    : []),
  ...(fields.some((field) => /^stages\.evaluate\.(network|recipe|augmentation)\./.test(field))
    ? ['stage 3 trains the winners differently: the difference is of search and training together']
    : []),
  ...([a, b].some(({ view }) => view.status !== 'done')
    ? ['a run has not ended: its seeds so far count']
    : []),
];

const testDifference = (a: ComparedRun, b: ComparedRun, fields: readonly string[]): Difference => {
  const [all, others] = [searchesOf(a)?.found, searchesOf(b)?.found];
  const of = all !== undefined && others !== undefined ? 'searches' : 'cells';
  const [first, second] = of === 'searches' ? [all, others] : [a.view.winner?.test, b.view.winner?.test];
  const metric = metricOf(a.record.experiment);
  const { long: unit } = metric.differenceUnit;
  const caveats = caveatsOf(a, b, of, fields);
  if (first === undefined || second === undefined) {
    const without = [a, b].filter(({ view }) => view.winner === undefined).map(({ view }) => view.runId);
    return { of, kind: 'unknown', text: `no test ${metric.name} of ${without.join(' and ')} yet`, caveats };
  }
  const difference = first.mean - second.mean;
  const interval = welchInterval(first.values, second.values);
  const n = `n = ${first.n} and ${second.n}${of === 'searches' ? ' searches' : ''}`;
  if (interval === undefined)
    return {
      of,
      difference,
      kind: 'unknown',
      text: `${withUnit(metric.formatDifference(difference), unit)}, of which nothing can be said at ${n}: no spread is known`,
      caveats,
    };
  const [low, high] = interval;
  const kind = low > 0 ? 'first-better' : high < 0 ? 'second-better' : 'not-distinguishable';
  const better = ({ view }: ComparedRun): string =>
    of === 'searches' ? `the search of ${view.runId} is better` : `the winner of ${view.runId} is better`;
  const said = {
    'first-better': better(a),
    'second-better': better(b),
    'not-distinguishable': 'not distinguishable',
  }[kind];
  const [from, to] = printedOrder(metric, interval).map(metric.formatDifference);
  return {
    of,
    difference,
    interval,
    kind,
    text: `${said}: ${withUnit(metric.formatDifference(difference), unit)}, 95 % interval ${from} to ${to} (Welch, ${n})`,
    caveats,
  };
};

const summary = (run: ComparedRun): RunSummary => {
  const { record, view, cost } = run;
  const searches = searchesOf(run);
  const jobs = view.stages.flatMap((stage) => stage.jobs);
  const sum = (of: (stage: CostView['stages'][number]) => number): number =>
    cost.stages.reduce((total, stage) => total + of(stage), 0);
  return {
    runId: view.runId,
    status: view.status,
    space: record.experiment.space.name,
    strategy: record.experiment.strategy.name,
    ...(view.winner === undefined ? {} : { winner: view.winner }),
    ...(view.baseline === undefined ? {} : { baseline: view.baseline }),
    ...(searches === undefined ? {} : { searches }),
    ...(view.verdict === undefined ? {} : { verdict: view.verdict.text }),
    jobs: jobs.length,
    attempts: jobs.reduce((total, { attempts }) => total + attempts, 0),
    reclaims: jobs.reduce((total, { reclaims }) => total + reclaims, 0),
    seconds: sum(({ seconds }) => seconds),
    dollars: sum(({ dollars }) => dollars),
    multiplyAdds: sum(({ multiplyAdds }) => multiplyAdds),
  };
};

/**
 * Two runs side by side. Throws `InputError` where they were tested on different data, on which scores cannot
 * be compared.
 */
export const compareRuns = (a: ComparedRun, b: ComparedRun): RunComparison => {
  const [first, second] = [a.record.dataset, b.record.dataset];
  if (first.manifest.sha256 !== second.manifest.sha256)
    throw inputError(
      'runs',
      `${a.record.runId} on ${first.name}, ${b.record.runId} on ${second.name}`,
      'runs on the same data set',
      first.name === second.name
        ? `${first.name} was replaced between the two; run one of the experiments again`
        : `test results on different ${termsOf(a.record.experiment.task.kind).example}s cannot be compared; nas transfer evaluates a winner on another data set`,
    );
  const differences = differing(a.record.experiment, b.record.experiment);
  return {
    first: summary(a),
    second: summary(b),
    data: first.name,
    task: a.record.experiment.task.kind,
    differences,
    test: testDifference(
      a,
      b,
      differences.map(({ field }) => field),
    ),
  };
};
