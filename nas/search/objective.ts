import { z } from 'zod';
import { inputError } from '../core/input-error.ts';
import type { TrialEnd } from './trial-log.ts';
import type { TrialOutcome } from './strategy.ts';

/**
 * What is measured of a network besides its score, by name: `parameters`, `multiplyAdds`, a table's latency,
 * ….
 */
export type Measures = Readonly<Record<string, number>>;

const limit = z.strictObject({
  min: z.number().describe('Least value.').optional(),
  max: z.number().describe('Greatest value.').optional(),
});
const weight = z.strictObject({
  target: z.number().positive().describe('T: what the measure is divided by.'),
  exponent: z.number().max(0).describe('w: −0.07 in the paper; more negative costs more.').default(-0.07),
});

/**
 * What a search is to find besides a high score. `limits` are constraints: a network beyond one counts as
 * infeasible. `weights` scalarise: the score is multiplied with (measure / target)^exponent for each (Tan et
 * al. 2019, "MnasNet", eq. 2 with α = β).
 */
export const objectiveSchema = z.strictObject({
  limits: z
    .record(z.string(), limit)
    .describe('Constraints by measure: a network beyond one counts as infeasible.')
    .default({}),
  weights: z
    .record(z.string(), weight)
    .describe(
      'Weights by measure: the score is multiplied with (measure / target)^exponent of each (Tan et al. 2019).',
    )
    .default({}),
});
export type Objective = z.infer<typeof objectiveSchema>;

/**
 * Throws `InputError` where a measure is unknown, a limit is empty, or two parts contradict each other.
 * `field` is the objective's place in its document; `positive` says that the measures are counts and timings,
 * above zero for every network.
 */
export const checkObjective = (
  { limits, weights }: Objective,
  measures: readonly string[],
  { field = 'objective', positive = false }: { readonly field?: string; readonly positive?: boolean } = {},
): void => {
  for (const name of [...Object.keys(limits), ...Object.keys(weights)])
    if (!measures.includes(name))
      throw inputError(
        `${field}.${Object.hasOwn(limits, name) ? 'limits' : 'weights'}`,
        name,
        measures.join(', '),
        'name something that is measured',
      );
  for (const [name, { min, max }] of Object.entries(limits)) {
    if (min === undefined && max === undefined)
      throw inputError(`${field}.limits.${name}`, {}, 'min, max or both', 'give a bound or remove the entry');
    if (min !== undefined && max !== undefined && min > max)
      throw inputError(
        `${field}.limits.${name}`,
        { min, max },
        'min ≤ max: no network can satisfy these',
        'lower min or raise max',
      );
    if (positive && max !== undefined && max <= 0)
      throw inputError(
        `${field}.limits.${name}.max`,
        max,
        'numbers above 0: no network is within this one',
        'raise max or remove the entry',
      );
    const target = weights[name]?.target;
    if (target !== undefined && max !== undefined && target > max)
      throw inputError(
        `${field}.weights.${name}.target`,
        target,
        `at most the limit ${max} of ${name}`,
        'lower the target or raise the limit',
      );
  }
};

/** Whether the measures lie within all limits. Throws where one that is limited was not measured. */
export const withinLimits = ({ limits }: Objective, measures: Measures): boolean =>
  Object.entries(limits).every(
    ([name, { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }]) => {
      const value = measured(measures, name);
      return value >= min && value <= max;
    },
  );

const measured = (measures: Measures, name: string): number => {
  const value = measures[name];
  if (value === undefined) throw new TypeError(`${name} was not measured`);
  return value;
};

/** What the weights of the objective multiply a score with. */
const weightOf = ({ weights }: Objective, measures: Measures): number =>
  Object.entries(weights).reduce(
    (product, [name, { target, exponent }]) => product * (measured(measures, name) / target) ** exponent,
    1,
  );

/** The score that was weighted, up to rounding: for displays. */
export const withoutWeights = (objective: Objective, score: number, measures: Measures): number =>
  score / weightOf(objective, measures);

/**
 * The outcome as the strategy is to learn it. A measure of zero may have no finite weight; such a network is
 * infeasible too.
 */
export const outcomeUnder = (objective: Objective, outcome: TrialOutcome): TrialOutcome => {
  if (outcome.kind !== 'score') return outcome;
  const { value, measures = {} } = outcome;
  if (!withinLimits(objective, measures)) return { kind: 'infeasible' };
  const weighted = value * weightOf(objective, measures);
  return Number.isFinite(weighted) ? { ...outcome, value: weighted } : { kind: 'infeasible' };
};

/** How a trial of a network beyond the limits ends, whether it was trained or not. */
export const BEYOND_LIMITS = {
  kind: 'infeasible',
  reason: 'beyond a limit of stages.search.objective',
} as const satisfies TrialEnd;

const WITHOUT_WEIGHT = {
  kind: 'infeasible',
  reason: 'a measure that stages.search.objective weighs is not above zero',
} as const satisfies TrialEnd;

/**
 * The end of a trial as its search records it: a network beyond the limits is infeasible, a score is
 * weighted.
 */
export const endUnder = (objective: Objective | undefined, end: TrialEnd): TrialEnd => {
  if (objective === undefined || end.kind !== 'score') return end;
  const { value, measures, spent } = end;
  const outcome = outcomeUnder(objective, { kind: 'score', value, measures: { ...measures } });
  if (outcome.kind === 'score') return { ...end, value: outcome.value };
  const reason = withinLimits(objective, { ...measures }) ? WITHOUT_WEIGHT : BEYOND_LIMITS;
  return { ...reason, ...(spent === undefined ? {} : { spent }) };
};
