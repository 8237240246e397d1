import { withoutWeights } from '../search/objective.ts';
import type { ScoreAndCost } from '../search/trials/pareto.ts';
import { LATENCY, minimisedMeasures } from '../experiment/measures.ts';
import { termsOf } from '../task/terms.ts';
import type { RunReport, SearchReport } from './run-report.ts';

const TITLES: Readonly<Record<string, (example: string) => string>> = {
  parameters: () => 'parameters',
  multiplyAdds: (example) => `multiply-adds of one ${example}`,
  [LATENCY]: (example) => `milliseconds for one ${example}`,
};

/** What an axis says of a measure; the column of a table speaks for itself. */
export const measureTitle = (measure: string, { task }: RunReport['configuration']): string =>
  TITLES[measure]?.(termsOf(task.kind).example) ?? measure;

/** The part of a figure's name that tells measures apart: `multiply-adds`. */
export const measureSlug = (measure: string): string =>
  measure
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** The measures that trials of the run have, in the order of their names. */
export const measuresOf = ({ searches }: Pick<RunReport, 'searches'>): readonly string[] =>
  [
    ...new Set(
      searches.flatMap(({ trials }) =>
        (trials?.scored ?? []).flatMap(({ measures = {} }) => Object.keys(measures)),
      ),
    ),
  ].sort();

interface TrialPoint extends ScoreAndCost {
  readonly trial: string;
}

/** Networks of one search that were trained longest: their scores before any weighting, and one measure. */
export const pointsOf = (
  { trials }: SearchReport,
  measure: string,
  { stages }: RunReport['configuration'],
): readonly TrialPoint[] => {
  const { objective } = stages.search;
  const scored = trials?.scored ?? [];
  const longest = scored.reduce((most, { fidelity }) => Math.max(most, fidelity), 0);
  return scored.flatMap(({ id, score, fidelity, measures = {} }) => {
    const cost = measures[measure];
    if (cost === undefined || fidelity < longest) return [];
    return [
      {
        trial: id,
        score: objective === undefined ? score : withoutWeights(objective, score, measures),
        cost,
      },
    ];
  });
};

/** A bound or a target of the measure that the search was given. */
export interface Mark {
  readonly at: number;
  readonly what: 'at least' | 'at most' | 'target';
}

export const marksOf = (measure: string, { stages }: RunReport['configuration']): readonly Mark[] => {
  const { limits = {}, weights = {} } = stages.search.objective ?? {};
  const { min, max } = limits[measure] ?? {};
  const target = weights[measure]?.target;
  return [
    ...(min === undefined ? [] : [{ at: min, what: 'at least' } as const]),
    ...(max === undefined ? [] : [{ at: max, what: 'at most' } as const]),
    ...(target === undefined ? [] : [{ at: target, what: 'target' } as const]),
  ];
};

/** Whether the strategy itself seeks networks that are small by the measure. */
export const isMinimised = (measure: string, configuration: RunReport['configuration']): boolean =>
  minimisedMeasures(configuration).includes(measure);
