import type { Json } from '../core/json.ts';
import { outcomeUnder } from '../search/objective.ts';
import type { Objective } from '../search/objective.ts';
import type { Strategy, StrategyState, Trial, TrialResult } from '../search/strategy.ts';
import type { Score, TabularBenchmark } from './table.ts';

export interface TabularRun {
  /**
   * Row of the incumbent after each full training's worth of look-ups; −1 while every architecture is beyond
   * the limits. The incumbent is, of what was looked up at the highest fidelity so far, the best by search
   * signal under the objective, the earlier on ties.
   */
  readonly incumbents: Int32Array;
  /** Full trainings' worth done; fewer than asked for only where the strategy had nothing left to propose. */
  readonly evaluations: number;
  /** Counts of the strategy's own. */
  readonly summary: Readonly<Record<string, number>>;
  /** Trials of a network that had been proposed before at the same fidelity. */
  readonly copies: number;
  /** Row of every trial whose architecture is within the limits, in order. */
  readonly rows: Int32Array;
}

/** Shares of a full training add up with rounding errors below this. */
const EXACT = 1e-9;

/**
 * The state that a search starts from, and what a trial of `fidelity` costs after one of the same row that
 * had `before`.
 */
const start = (
  strategy: Strategy,
  { evaluations, seed, options = {} }: Pick<TabularSearchOptions, 'evaluations' | 'seed' | 'options'>,
): { readonly state: StrategyState; readonly costOf: (fidelity: number, before: number) => number } => {
  const state = strategy.init({ evaluations, options }, seed);
  const { minFidelity } = state.options as { readonly minFidelity?: number };
  if (minFidelity === undefined) return { state, costOf: () => 1 };
  // The budget is full trainings; more trials than this it cannot pay.
  const trials = Math.ceil(evaluations / minFidelity);
  return {
    state: strategy.init({ evaluations: trials, options }, seed),
    costOf: (fidelity, before) => Math.max(0, fidelity - before),
  };
};

/**
 * One search on a table, in process: `parallelism` trials are asked for, looked up and told at once. The
 * strategy sees the search signal only. A trial costs one evaluation; one of a multi-fidelity strategy its
 * share of the full training, less the share that the same architecture had before: a longer trial goes on
 * from a shorter one.
 */
export const tabularSearch = (
  strategy: Strategy,
  table: TabularBenchmark,
  score: Score,
  search: TabularSearchOptions,
): TabularRun => {
  const { evaluations, parallelism = 1, objective, measures = {} } = search;
  const { state: first, costOf } = start(strategy, search);
  let state = first;
  const incumbents = new Int32Array(evaluations);
  const rows: number[] = [];
  const trained = new Map<number, number>();
  const proposed = new Set<string>();
  let copies = 0;
  let spent = 0;
  let done = 0;
  let best = { row: -1, value: Number.NEGATIVE_INFINITY, fidelity: 0 };
  const lookUp = (trial: Trial): TrialResult => {
    const { fidelity } = trial;
    const row = table.rowOf(trial.genotype);
    const before = trained.get(row) ?? 0;
    const network = `${row} ${fidelity}`;
    if (proposed.has(network)) copies++;
    proposed.add(network);
    spent += costOf(fidelity, before);
    trained.set(row, Math.max(before, fidelity));
    const measured = Object.fromEntries(
      Object.entries(measures).map(([name, column]) => [name, column[row] as number]),
    );
    const raw = { kind: 'score', value: score(row, fidelity), measures: measured } as const;
    const outcome = objective === undefined ? raw : outcomeUnder(objective, raw);
    if (outcome.kind === 'score') {
      rows.push(row);
      if (fidelity > best.fidelity || (fidelity === best.fidelity && outcome.value > best.value))
        best = { row, value: outcome.value, fidelity };
    }
    for (; done < evaluations && done + 1 <= spent + EXACT; done++) incumbents[done] = best.row;
    return { trial, outcome };
  };
  while (done < evaluations) {
    const [asked, trials] = strategy.ask(state, parallelism);
    if (trials.length === 0) break;
    state = strategy.tell(asked, trials.map(lookUp));
  }
  return {
    incumbents: incumbents.subarray(0, done),
    evaluations: done,
    copies,
    rows: Int32Array.from(rows),
    summary: strategy.summary(state),
  };
};

interface TabularSearchOptions {
  /** Full trainings. */
  readonly evaluations: number;
  readonly seed: number;
  /** Options of the strategy. */
  readonly options?: Json;
  readonly parallelism?: number;
  readonly objective?: Objective;
  /** Columns that are measures of the objective or of a strategy. */
  readonly measures?: Readonly<Record<string, Float64Array>>;
}
