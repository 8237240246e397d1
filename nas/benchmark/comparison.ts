import jStat from 'jstat';
import { max, mean, min, sampleStandardDeviation } from 'simple-statistics';
import { checkObjective } from '../search/objective.ts';
import type { Objective } from '../search/objective.ts';
import { hypervolume, scoreCostFront } from '../search/trials/pareto.ts';
import { strategyNamed } from '../search/registry.ts';
import type { Strategy, StrategyPorts } from '../search/strategy.ts';
import type { Json } from '../core/json.ts';
import { rungOptions, scoreByColumns } from './fidelity-columns.ts';
import type { FidelityColumn } from './fidelity-columns.ts';
import { objectiveOnTable } from './table-objective.ts';
import type { TabularBenchmark } from './table.ts';
import { tabularSearch } from './tabular-search.ts';
import type { TabularRun } from './tabular-search.ts';

/**
 * A sample of `n` runs: sample standard deviation and Student's 95 % interval of the mean; not numbers where
 * n is 0.
 */
export interface RunStatistics {
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
  readonly interval: readonly [number, number];
}

interface StrategyComparison {
  readonly name: string;
  /** Final score of the architecture that the search signal chose, at the end of each run that found one. */
  readonly final: RunStatistics;
  /** What `final` is the sample of, in the order of the seeds; null for a run that found nothing. */
  readonly finals: readonly (number | null)[];
  /**
   * Trials of a run, on average, whose network had been proposed before: they find nothing new, but count as
   * evaluations.
   */
  readonly copies: number;
  /** Runs that found no architecture within the limits. */
  readonly foundNothing: number;
  /**
   * The best final score within the limits minus the incumbent's, over the `n` runs that had one by then;
   * begins where any run had.
   */
  readonly regret: readonly {
    readonly evaluations: number;
    readonly mean: number;
    readonly sd: number;
    readonly n: number;
  }[];
  /** 1 = highest mean final score. */
  readonly rank: number;
  readonly evaluations: number;
  /** Counts of the strategy's own, mean over runs; empty for most. */
  readonly summary: Readonly<Record<string, number>>;
  /** Where a column is minimised. */
  readonly tradeOff?: TradeOff;
}

/** Final score against the minimised column, of what the runs evaluated within the limits. */
interface TradeOff {
  readonly minimise: string;
  /**
   * Dominated above the worst score and greatest cost within the limits, as a share of what all architectures
   * within them dominate, 1 where that is nothing; 0 of a run that found nothing.
   */
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
  /**
   * The highest final score within the limits, and that of the architecture with the highest search signal
   * there.
   */
  readonly optimum: number;
  readonly bestBySignal: number;
  /** The lowest final score in the table. */
  readonly worst: number;
  /** In rank order. */
  readonly strategies: readonly StrategyComparison[];
}

const statistics = (values: readonly number[]): RunStatistics => {
  const n = values.length;
  if (n === 0) return { mean: Number.NaN, sd: Number.NaN, n, interval: [Number.NaN, Number.NaN] };
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

interface ComparisonOptions {
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
  /**
   * A column that is to be small: measured for strategies, and the trade-off with the final score is
   * reported.
   */
  readonly minimise?: string;
  /** Columns of the search signal after shares of the training; a table with learning curves needs none. */
  readonly fidelities?: readonly FidelityColumn[];
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

/** Negative infinity where no run found anything. */
const standing = ({ final }: StrategyComparison): number =>
  final.n === 0 ? Number.NEGATIVE_INFINITY : final.mean;

const tradeOffOf = (
  runs: readonly TabularRun[],
  points: readonly { readonly score: number; readonly cost: number }[],
  allowed: readonly boolean[],
  minimise: string,
): TradeOff => {
  const within = points.filter((_, row) => allowed[row] === true);
  const reference = [min(within.map(({ score }) => score)), -max(within.map(({ cost }) => cost))] as const;
  const volumeOf = (found: typeof points): number =>
    hypervolume(
      found.map(({ score, cost }) => [score, -cost]),
      reference,
    );
  const whole = volumeOf(within);
  const shareOf = (found: typeof points): number => {
    if (found.length === 0) return 0;
    return whole === 0 ? 1 : volumeOf(found) / whole;
  };
  const found = runs.map(({ rows }) => [...rows].map((row) => points[row] as (typeof points)[number]));
  return {
    minimise,
    hypervolume: statistics(found.map(shareOf)),
    front: scoreCostFront(found[0] ?? []).toReversed(),
  };
};

/**
 * Runs every strategy `runs` times on a table. Each run searches by the search column alone and is judged by
 * the final column of what it found.
 */
export const compareStrategies = (table: TabularBenchmark, options: ComparisonOptions): Comparison => {
  const { evaluations, runs, seed, parallelism, ports, minimise, onStrategy } = options;
  const search = table.column(options.search, 'search');
  const { fidelities = [] } = options;
  const score =
    fidelities.length > 0
      ? scoreByColumns(table, options.search, fidelities)
      : table.score(options.search, 'search');
  /** Beside the defaults of the strategy. */
  const optionsOf = ({ name }: Strategy): Json => {
    const { multiFidelity, multiObjective } = strategyNamed(name);
    return {
      ...(multiFidelity && fidelities.length > 0 && rungOptions(fidelities)),
      ...(multiObjective && minimise !== undefined && { minimise: [minimise] }),
    };
  };
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
  for (const strategy of bound) strategy.init({ evaluations, options: optionsOf(strategy) }, seed);
  const marks = checkpoints(evaluations);
  const compared = bound.map((strategy) => {
    const trajectories = Array.from({ length: runs }, (_, run) =>
      tabularSearch(strategy, table, score, {
        evaluations,
        seed: seed + run,
        parallelism,
        measures,
        ...(objective === undefined ? {} : { objective }),
        options: optionsOf(strategy),
      }),
    );
    const finalsAt = (mark: number): readonly (number | null)[] =>
      trajectories.map(({ incumbents }) => {
        const incumbent = incumbents[Math.min(mark, incumbents.length) - 1] ?? -1;
        return incumbent === -1 ? null : (final[incumbent] as number);
      });
    const scoreAt = (mark: number): RunStatistics =>
      statistics(finalsAt(mark).filter((score) => score !== null));
    const cost = minimise === undefined ? undefined : measures[minimise];
    const last = scoreAt(evaluations);
    const row = {
      name: strategy.name,
      final: last,
      finals: finalsAt(evaluations),
      copies: mean(trajectories.map((run) => run.copies)),
      foundNothing: runs - last.n,
      regret: marks.flatMap((mark) => {
        const { mean, sd, n } = scoreAt(mark);
        return n === 0 ? [] : [{ evaluations: mark, mean: optimum - mean, sd, n }];
      }),
      rank: 0,
      evaluations: max(trajectories.map((run) => run.evaluations)),
      summary: meanSummary(trajectories),
      ...(minimise === undefined || cost === undefined
        ? {}
        : {
            tradeOff: tradeOffOf(
              trajectories,
              [...final].map((score, i) => ({ score, cost: cost[i] as number })),
              allowed,
              minimise,
            ),
          }),
    };
    onStrategy?.(row);
    return row;
  });
  const ranked = compared.toSorted((a, b) =>
    standing(b) > standing(a) ? 1 : standing(b) < standing(a) ? -1 : 0,
  );
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
      rank: 1 + ranked.filter((other) => standing(other) > standing(strategy)).length,
    })),
  };
};
