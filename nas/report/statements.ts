import { claimOf } from '../experiment/claim.ts';
import { LATENCY } from '../experiment/measures.ts';
import { isGiven } from '../search/given.ts';
import { isBlackBox } from '../search/strategy-schema.ts';
import type { Contender } from '../job/job-report.ts';
import { POWER, printedAmount, printedScale, visibleEffect } from '../protocol/power.ts';
import type { SeedStatistics, Verdict } from '../protocol/run-view.ts';
import { seedStatistics } from '../protocol/statistics.ts';
import { printedOrder, withUnit } from '../task/metric.ts';
import type { Metric } from '../task/metric.ts';
import { taskOf } from '../task/tasks.ts';
import { metricOf } from '../task/terms.ts';
import { integer, percent } from '../core/number-text.ts';
import { budgetText } from './budget-text.ts';
import { decimal, quantity, scored } from './format.ts';
import { cellName, shortNames } from './names.ts';
import type { RunReport } from './run-report.ts';
import { incumbentsOf } from './search-trials.ts';
import { isMinimised, marksOf, pointsOf } from './trial-measures.ts';
import { scoreCostFront } from '../search/trials/pareto.ts';

/** Sentences that the Markdown and the HTML report share, as plain text. */

/** `87.93 % ± 0.21 (n = 3, best 88.15 %)`. */
export const scoresText = (test: SeedStatistics, metric: Metric, what = ''): string =>
  `${scored(metric, test.mean)} ± ${metric.formatSpread(test.sd, test.mean)} (n = ${test.n}${what}, best ${scored(metric, test.best)})`;

/** One side of the comparison: where searches are compared, over the means of their winners. */
export const sideOf = (
  report: Pick<RunReport, Contender | 'pairs' | 'verdict'>,
  who: Contender,
): SeedStatistics | undefined =>
  report.verdict?.claim === 'search'
    ? seedStatistics((report.pairs ?? []).map((pair) => pair[who].test.mean))
    : report[who]?.test;

const VERDICTS = {
  better: 'better than the random cell',
  'not-distinguishable': 'not distinguishable from the random cell',
  worse: 'worse than the random cell',
} as const;

/** The report's first sentence. */
export const headline = ({ status, verdict, error, configuration }: RunReport): string => {
  if (verdict?.claim === 'search') return `The search is ${verdict.text}`;
  if (verdict !== undefined)
    return `${cellName(configuration)} is ${VERDICTS[verdict.kind]} at n\u00a0=\u00a0${trainingSeeds(verdict)}`;
  if (status === 'failed') return `The run failed${error === undefined ? '' : `: ${error}`}`;
  if (status === 'cancelled') return 'The run was cancelled';
  return status === 'done' ? 'The run ended without a verdict' : 'The run has not ended';
};

/** Runs of 0.1.0 say them in the text alone. */
const trainingSeeds = ({ n, text }: Verdict): string => `${n ?? /n = (\d+)/.exec(text)?.[1] ?? '?'}`;

/** `search − random: +0.32 points of test accuracy, 95 % interval [−0.21, +0.85]`. */
export const differenceText = ({ verdict, configuration }: RunReport): string | undefined => {
  if (verdict === undefined) return undefined;
  const metric = metricOf(configuration);
  const { name, differenceUnit, formatDifference } = metric;
  const unit = differenceUnit.short;
  return (
    `${shortNames(configuration).winner} − random: ${withUnit(formatDifference(verdict.meanDifference), unit)} of test ${name}, ` +
    `${verdict.claim === 'search' ? '' : 'paired '}95 % interval [${printedOrder(metric, verdict.interval).map(formatDifference).join(', ')}]`
  );
};

/** What a claim about the search rests on, and what it could have seen. */
const searchClaimText = (
  { spreads = { searches: 0 }, n: searches = 0 }: Verdict,
  { pairs = [], configuration }: RunReport,
): string => {
  const metric = metricOf(configuration);
  const { seeds } = configuration.stages.search;
  const trainings = Math.min(...pairs.flatMap(({ winner, baseline }) => [winner.test.n, baseline.test.n]));
  const missing = seeds.filter((seed) => !pairs.some(({ search }) => search === seed));
  const spread = (deviation: number): string =>
    withUnit(printedAmount(printedScale(metric) * deviation), metric.differenceUnit.short);
  return (
    'n counts searches, each with its own seed, its own choice in stage 2 and an independent random search of the same ' +
    'budget; a winner counts once, with the mean of its trainings. The interval says what further searches on these data ' +
    `would show. Winners of different searches spread by ${spread(spreads.searches)}` +
    (spreads.trainings === undefined ? '' : `, trainings of one cell by ${spread(spreads.trainings)}`) +
    `: ${searches} searches see a difference of ${spread(visibleEffect({ searches, trainings, spreads }))} in ${percent(POWER, 0)} of cases.` +
    (missing.length === 0
      ? ''
      : ` Left out, because one of the two sides has no test result: search seed${missing.length === 1 ? '' : 's'} ${missing.join(', ')}.`)
  );
};

/** Both means as the literature's programs count; undefined where they count as this product does. */
export const otherwiseText = (report: RunReport): string | undefined => {
  const { configuration, data, winner } = report;
  const { otherwise } = taskOf(configuration.task.kind);
  if (otherwise === undefined || data === undefined || winner === undefined) return undefined;
  const metric = metricOf(configuration);
  const names = shortNames(configuration);
  const counted = (['winner', 'baseline'] as const).flatMap((who) => {
    const view = report[who];
    if (view === undefined) return [];
    return [`${names[who]} ${scored(metric, metric.score(otherwise.value(view.test.mean, data)))}`];
  });
  return `${otherwise.rule}: ${counted.join(', ')}.`;
};

/** What the verdict is about; undefined without one. */
export const claimText = (report: RunReport): string | undefined => {
  const { verdict, configuration } = report;
  if (verdict === undefined) return undefined;
  if (verdict.claim === 'search') return searchClaimText(verdict, report);
  return (
    'n counts trainings of these two cells, from other seeds: the interval says what further trainings of them would show. ' +
    (isGiven(configuration.strategy)
      ? 'It says nothing about other random cells.'
      : 'It claims nothing about the search: whether that beats random search takes several searches, each against an ' +
        'independent random search of the same budget.')
  );
};

/**
 * What look-ups of stage 1, which cost nothing, have bought random search; empty where trials are trained.
 */
const lookedUpText = ({ configuration }: RunReport): string => {
  if (configuration.stages.search.table === undefined) return '';
  return claimOf(configuration) === 'search'
    ? ' Stage 1 looked its networks up, which is in no budget; random search looked as many up in the same table, and retrained as many.'
    : ' Stage 1 looked its networks up, which is in no budget: the random cell was chosen by retraining alone.';
};

/** How much the search and the baseline were given; undefined before both have spent anything. */
export const givenText = (report: RunReport): string | undefined => {
  const { budget, spending, retrainings } = report;
  if (budget !== undefined) {
    const text = budgetText(budget);
    return text && `${text}${lookedUpText(report)}`;
  }
  // Runs of 0.1.0, and those that have not come to a conclusion.
  const search = spending
    .filter(({ stage }) => stage !== 'evaluate')
    .reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  const random = retrainings.filter(({ by }) => by === 'baseline');
  if (search === 0 || random.length === 0) return undefined;
  const spent = random.reduce((sum, { cost }) => sum + cost.multiplyAdds, 0);
  return (
    `Equal budget: stages 1 and 2 spent ${quantity(search)} multiply-adds; the baseline spent ${quantity(spent)} ` +
    `(${percent(spent / search, 0)}) on retraining ${random.length} random cells, of which the best by validation is compared.`
  );
};

/** τ with its interval and how it was made. */
export const fidelityText = ({ proxyFidelity, configuration }: RunReport): string => {
  if (isGiven(configuration.strategy)) return '';
  const { correlation, points: cells } = proxyFidelity;
  const { tau, interval, n, method } = correlation;
  if (tau === undefined)
    return `Kendall’s τ is undefined for ${cells.length} cell${cells.length === 1 ? '' : 's'}.`;
  return (
    `Kendall’s τ = ${decimal(tau)}, 95 % interval [${decimal(interval[0])}, ${decimal(interval[1])}], n = ${n} ` +
    `(${method}).` +
    (isBlackBox(configuration.strategy)
      ? ''
      : ' Scores of different search seeds come from different supernets.')
  );
};

/** How many networks each search scored, and what became of the others. */
export const searchesText = ({ searches }: RunReport): string =>
  searches
    .map(({ seed, candidates, trials }) => {
      if (trials === undefined) return `seed ${seed}: ${candidates} cells scored`;
      const { scored, copies, infeasible, lost } = trials;
      const others = [
        [infeasible, 'infeasible'],
        [copies, 'shared the result of an equal one'],
        [lost, 'lost and proposed again'],
      ] as const;
      const told = others.flatMap(([count, what]) => (count === 0 ? [] : [`, ${integer(count)} ${what}`]));
      return `seed ${seed}: ${integer(scored.length)} networks scored${told.join('')}`;
    })
    .join('; ');

/** How near each search came to the best in its table; empty where trials were trained. */
export const regretText = ({ searches, tableBest, configuration }: RunReport): string => {
  if (tableBest === undefined) return '';
  const metric = metricOf(configuration);
  const ends = searches.flatMap(({ seed, trials }) => {
    const last = incumbentsOf(trials?.scored ?? []).at(-1);
    return last === undefined
      ? []
      : [
          `seed ${seed}: ${withUnit(metric.formatSpread(tableBest - last.score, tableBest), metric.differenceUnit.short)} short of it since result ${integer(last.result)}`,
        ];
  });
  return `The best that this search could find in its table scores ${scored(metric, tableBest)}. ${ends.join('; ')}.`;
};

const devicesText = (timedOn: Readonly<Record<string, number>>): string =>
  Object.entries(timedOn)
    .map(([device, count]) => `${integer(count)} on ${device}`)
    .join('; ') + (Object.keys(timedOn).length > 1 ? '; times of different devices do not compare' : '');

/** What lies on the fronts of score against the measure, and what the search made of the measure. */
export const frontText = ({ searches, configuration, timedOn = {} }: RunReport, measure: string): string => {
  const sizes = searches.flatMap((search) => {
    const all = pointsOf(search, measure, configuration);
    return all.length === 0 ? [] : [`${scoreCostFront(all).length} of ${integer(all.length)}`];
  });
  const held = marksOf(measure, configuration).map(({ at, what }) =>
    what === 'target'
      ? `weighed it against ${quantity(at)}`
      : `held it to ${what} ${quantity(at)} (beyond it a network is infeasible)`,
  );
  const made = [...(isMinimised(measure, configuration) ? ['minimised it'] : []), ...held];
  return (
    `On a line: networks that no other of their search beats in both (${sizes.join(', ')}). ` +
    (made.length === 0 ? 'The search did not look at it.' : `The search ${made.join(' and ')}.`) +
    (measure === LATENCY && configuration.stages.search.table === undefined
      ? ` Each network was timed once, where it was trained (${devicesText(timedOn)}): equal runs have other times.`
      : '')
  );
};

/** How to read the table of what a judge spared; empty where none judged. */
export const judgeText = ({ searches }: RunReport): string =>
  searches.every(({ trials }) => trials?.judge === undefined)
    ? ''
    : 'A judge rejected networks before they were trained. What that saved is the number of those that were never trained times the ' +
      'mean cost of the others. The held sample was rejected and trained all the same: those of it that were no worse ' +
      'than the threshold after all were rejected wrongly.';

/** What reclaims did to the run. */
export const durabilityText = ({ spending, attempts, rehearsal, damaged = [] }: RunReport): string => {
  const reclaims = spending.reduce((sum, stage) => sum + stage.reclaims, 0);
  const resumed = attempts.filter(({ fromStep }) => fromStep > 0).length;
  const stall = attempts.reduce((sum, { checkpoints }) => sum + (checkpoints?.stallSeconds ?? 0), 0);
  const trained = attempts.reduce((sum, { trainSeconds }) => sum + (trainSeconds ?? 0), 0);
  const share =
    trained > 0 ? ` Checkpoints held training up for ${percent(stall / trained)} of its time.` : '';
  const leftOut =
    damaged.length === 0
      ? ''
      : ` ${damaged.length} document${damaged.length === 1 ? ' was' : 's were'} damaged when this report was written, ` +
        `and what they held is left out: ${damaged.join('; ')}.`;
  const drill = rehearsal === undefined ? '' : ` ${rehearsal.text}`;
  return (
    `${reclaims === 0 ? 'No machine was' : `${reclaims} machine${reclaims === 1 ? ' was' : 's were'}`} reclaimed; ` +
    `${resumed} attempt${resumed === 1 ? '' : 's'} went on from a checkpoint.${share}${drill}${leftOut}`
  );
};
