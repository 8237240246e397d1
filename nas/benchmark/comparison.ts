import jStat from 'jstat';
import { max, mean, min, sampleStandardDeviation } from 'simple-statistics';
import { checkObjective } from '../strategy/objective.ts';
import type { Objective } from '../strategy/objective.ts';
import { hypervolume, scoreCostFront } from '../strategy/pareto.ts';
import { strategyNamed } from '../strategy/registry.ts';
import type { StrategyPorts } from '../strategy/strategy.ts';
import { objectiveOnTable } from './table-objective.ts';
import type { TabularBenchmark } from './table.ts';
import { tabularSearch } from './tabular-search.ts';
import type { TabularRun } from './tabular-search.ts';

/** A sample of runs: sample standard deviation and Student's 95 % interval of the mean. */
export interface RunStatistics {
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
  readonly interval: readonly [number, number];
}

export interface StrategyComparison {
  readonly name: string;
  /** Final score of the architecture that the search signal chose, at the end of each run. */
  readonly final: RunStatistics;
  /** The table's best final score minus the incumbent's, mean over runs. */
  readonly regret: readonly { readonly evaluations: number; readonly mean: number; readonly sd: number }[];
  /** 1 = highest mean final score. */
  readonly rank: number;
  readonly evaluations: number;
  /** Counts of the strategy's own, mean over runs; empty for most. */
  readonly summary: Readonly<Record<string, number>>;
  /** Where a column is minimised. */
  readonly tradeOff?: TradeOff;
}

/** Final score against the minimised column, of what the runs evaluated. */
export interface TradeOff {
  readonly minimise: string;
  /** Dominated above the table's worst score and greatest cost, as a share of what the whole table dominates. */
  readonly hypervolume: RunStatistics;
  /** The front of the first run, dearest first. */
  readonly front: readonly { readonly score: number; readonly cost: number }[];
}

export interface Comparison {
  readonly space: string;
  readonly search: string;
  readonly final: string;
  readonly evaluations: number;
  readonly runs: number;
  readonly seed: number;
  readonly parallelism: number;
  /** The highest final score in the table, and that of the architecture with the highest search signal. */
  readonly optimum: number;
  readonly bestBySignal: number;
  /** The lowest final score in the table. */
  readonly worst: number;
  /** In rank order. */
  readonly strategies: readonly StrategyComparison[];
}

const statistics = (values: readonly number[]): RunStatistics => {
  const n = values.length;
  const average = mean([...values]);
  if (n === 1) return { mean: average, sd: 0, n, interval: [average, average] };
  const sd = sampleStandardDeviation([...values]);
  const half = (jStat.studentt.inv(0.975, n - 1) * sd) / Math.sqrt(n);
  return { mean: average, sd, n, interval: [average - half, average + half] };
};

/** 1, 2, 5, 10, 20, 50, … up to and including the budget. */
export const checkpoints = (evaluations: number): readonly number[] => {
  const marks: number[] = [];
  for (let decade = 1; decade <= evaluations; decade *= 10)
    marks.push(...[decade, 2 * decade, 5 * decade].filter((mark) => mark < evaluations));
  return [...marks, evaluations];
};

export interface ComparisonOptions {
  readonly search: string;
  readonly final: string;
  readonly strategies: readonly string[];
  /** Of each run, in full trainings. */
  readonly evaluations: number;
  readonly runs: number;
  /** Run r uses seed + r, the same for every strategy. */
  readonly seed: number;
  readonly parallelism: number;
  readonly ports?: StrategyPorts;
  /** What the search is to find besides a high signal, in the table's columns. */
  readonly objective?: Objective;
  /** A column that is to be small: measured for strategies, and the trade-off with the final score is reported. */
  readonly minimise?: string;
  readonly onStrategy?: (done: StrategyComparison) => void;
}

/** Of the rows that are allowed. */
const argmax = (values: Float64Array, allowed: readonly boolean[]): number =>
  values.reduce(
    (best, value, i) => (allowed[i] === true && (best === -1 || value > (values[best] as number)) ? i : best),
    -1,
  );

/** The columns that an objective and a trade-off name; throws `InputError` where the table lacks one. */
const measuresOf = (
  table: TabularBenchmark,
  { objective, minimise }: Pick<ComparisonOptions, 'objective' | 'minimise'>,
): Readonly<Record<string, Float64Array>> => {
  if (objective !== undefined) checkObjective(objective, table.columns);
  const names = [
    ...Object.keys(objective?.limits ?? {}),
    ...Object.keys(objective?.weights ?? {}),
    ...(minimise === undefined ? [] : [minimise]),
  ];
  return Object.fromEntries([...new Set(names)].map((name) => [name, table.column(name, 'measure')]));
};

const meanSummary = (runs: readonly TabularRun[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.keys(runs[0]?.summary ?? {}).map((name) => [
      name,
      mean(runs.map(({ summary }) => summary[name] as number)),
    ]),
  );

const tradeOffOf = (
  runs: readonly TabularRun[],
  final: Float64Array,
  cost: Float64Array,
  minimise: string,
): TradeOff => {
  const pointOf = (row: number) => [final[row] as number, -(cost[row] as number)] as const;
  const reference = [min([...final]), -max([...cost])] as const;
  const whole = hypervolume(
    [...final].map((_, row) => pointOf(row)),
    reference,
  );
  return {
    minimise,
    hypervolume: statistics(runs.map(({ rows }) => hypervolume([...rows].map(pointOf), reference) / whole)),
    front: scoreCostFront(
      [...(runs[0]?.rows ?? [])].map((row) => ({ score: final[row] as number, cost: cost[row] as number })),
    ).toReversed(),
  };
};

/**
 * Runs every strategy `runs` times on a table. Each run searches by the search column alone and is judged by the
 * final column of what it found.
 */
export const compareStrategies = (table: TabularBenchmark, options: ComparisonOptions): Comparison => {
  const { evaluations, runs, seed, parallelism, ports, minimise, onStrategy } = options;
  const search = table.column(options.search, 'search');
  const score = table.score(options.search, 'search');
  const final = table.column(options.final, 'final');
  const measures = measuresOf(table, options);
  const sought = {
    ...(options.objective && { objective: options.objective }),
    minimised: minimise === undefined ? [] : [minimise],
  };
  const { objective, allowed } = objectiveOnTable(table, sought, 'objective');
  const best = argmax(final, allowed);
  const optimum = final[best] as number;
  const worst = min([...final]);
  const bound = options.strategies.map((name) => strategyNamed(name).bind(table.space, ports));
  // Refuses contradictory options of any strategy before the first run of another.
  for (const strategy of bound) strategy.init({ evaluations }, seed);
  const marks = checkpoints(evaluations);
  const compared = bound.map((strategy) => {
    const trajectories = Array.from({ length: runs }, (_, run) =>
      tabularSearch(strategy, table, score, {
        evaluations,
        seed: seed + run,
        parallelism,
        measures,
        ...(objective === undefined ? {} : { objective }),
        ...(minimise !== undefined && strategyNamed(strategy.name).multiObjective
          ? { options: { minimise: [minimise] } }
          : {}),
      }),
    );
    const scoreAt = (mark: number): readonly number[] =>
      trajectories.map(
        ({ incumbents }) => final[incumbents[Math.min(mark, incumbents.length) - 1] as number] ?? worst,
      );
    const row = {
      name: strategy.name,
      final: statistics(scoreAt(evaluations)),
      regret: marks.map((mark) => {
        const { mean: score, sd } = statistics(scoreAt(mark));
        return { evaluations: mark, mean: optimum - score, sd };
      }),
      rank: 0,
      evaluations: max(trajectories.map((run) => run.evaluations)),
      summary: meanSummary(trajectories),
      ...(minimise === undefined
        ? {}
        : { tradeOff: tradeOffOf(trajectories, final, measures[minimise] as Float64Array, minimise) }),
    };
    onStrategy?.(row);
    return row;
  });
  const ranked = [...compared].sort((a, b) => b.final.mean - a.final.mean);
  return {
    space: table.space.name,
    search: options.search,
    final: options.final,
    evaluations,
    runs,
    seed,
    parallelism,
    optimum,
    bestBySignal: final[argmax(search, allowed)] as number,
    worst,
    strategies: ranked.map((strategy) => ({
      ...strategy,
      rank: 1 + ranked.filter((other) => other.final.mean > strategy.final.mean).length,
    })),
  };
};
