import type { Experiment } from '../experiment/experiment.ts';
import type { NetworkCounts } from '../experiment/measures.ts';
import type { JobReport } from '../job/job-report.ts';
import { taskOf } from '../task/tasks.ts';
import { metricOf } from '../task/terms.ts';
import type { Cell } from '../space/spaces.ts';
import type { NetworkSize, TrainingParts } from '../task/task.ts';
import type { GateView } from './run-view.ts';
import { evenShare } from './stages.ts';
import type { SearchSeed } from './stages.ts';
import { kendallTau } from './statistics.ts';

/** A candidate of stage 1 that is short-retrained to see whether its score can be trusted. */
export interface GateCell extends Cell {
  readonly searchSeed: number;
  /** Share of its search's other candidates that rank below it: 1 for the best, 0 for the last. */
  readonly standing: number;
}

/**
 * A stratified sample: every search gives equally many cells (the first ones one more), from the middles of
 * equal stretches of its ranking. A cell that describes the same network as one before it gives way to the
 * next below it.
 */
export const sampleForGate = (
  seeds: readonly SearchSeed[],
  cells: number,
  hash: (genotype: string) => string,
): readonly GateCell[] => {
  const chosen = new Map<string, GateCell>();
  for (const [place, { seed, candidates }] of seeds.entries()) {
    const share = evenShare(cells, seeds.length, place);
    for (let stratum = 0; stratum < share; stratum++) {
      const middle = Math.floor(((stratum + 0.5) / share) * candidates.length);
      for (const [i, { genotype }] of candidates.slice(middle).entries()) {
        const key = hash(genotype);
        if (chosen.has(key)) continue;
        const standing = candidates.length === 1 ? 1 : 1 - (middle + i) / (candidates.length - 1);
        chosen.set(key, { genotype, hash: key, searchSeed: seed, standing });
        break;
      }
    }
  }
  return [...chosen.values()];
};

/** Counts the network of a printed genotype; `undefined` where it cannot be built at that size. */
export type CountAt = (genotype: string, size: NetworkSize) => NetworkCounts | undefined;

/**
 * Multiply-adds of stage-3 networks in units of stage-2 ones, over the retrained cells that can be built at
 * both sizes; 1 where none can.
 */
const growth = ({ stages }: Experiment, count: CountAt, retrained: readonly JobReport[]): number => {
  const sizes = retrained.flatMap(({ result }) => {
    const [from, to] = [stages.retrain, stages.evaluate].map(({ network }) =>
      count(result?.genotype ?? '', network),
    );
    return from === undefined || to === undefined ? [] : [[from.multiplyAdds, to.multiplyAdds] as const];
  });
  const sum = (side: 0 | 1): number => sizes.reduce((all, size) => all + size[side], 0);
  return sizes.length === 0 ? 1 : sum(1) / sum(0);
};

/** What stage 3's trainings of both contenders will cost, from what the short retrainings took. */
const stage3Dollars = (
  experiment: Experiment,
  epochs: number,
  { train, validation }: TrainingParts,
  count: CountAt,
  retrained: readonly JobReport[],
): number => {
  const { stages, resources } = experiment;
  const mean = retrained.reduce((sum, { seconds }) => sum + seconds, 0) / Math.max(1, retrained.length);
  const { recipe, seeds } = stages.evaluate;
  const { finalPart } = taskOf(experiment.task.kind).training;
  const part = finalPart === 'train' ? 1 : (train + validation) / train;
  const longer = (recipe.epochs / epochs) * part * growth(experiment, count, retrained);
  return (2 * seeds.length * mean * longer * resources.spotDollarsPerHour) / 3600;
};

const number = (value: number): string => value.toFixed(2);

/** Money that is not known is not nothing. */
const priceOf = ({ resources }: Experiment, dollars: number): string =>
  resources.spotDollarsPerHour === 0
    ? 'whose price is unknown (resources.spotDollarsPerHour)'
    : `about $${number(dollars)}`;

/**
 * Can stage 1's scores be trusted? Kendall's τ between the standing of the sampled cells in their searches
 * and their score after a short training. The interval decides and not τ itself, which a small sample leaves
 * to chance. Scores of different searches come from different shared weights, so standings are compared and
 * not scores.
 */
export const judgeGate = (
  experiment: Experiment,
  parts: TrainingParts,
  count: CountAt,
  sample: readonly GateCell[],
  reports: readonly JobReport[],
): GateView => {
  const { gate, stages } = experiment;
  if (gate === undefined) throw new Error('the experiment has no gate');
  const retrained = reports.filter(({ job, result }) => job.kind === 'gate' && result !== undefined);
  const points = sample.flatMap(({ genotype, searchSeed, standing }) => {
    const accuracy = retrained.find(({ result }) => result?.genotype === genotype)?.result?.accuracy;
    return accuracy === undefined ? [] : [{ searchSeed, standing, accuracy }];
  });
  const correlation = kendallTau(
    points.map(({ standing }) => standing),
    points.map(({ accuracy }) => accuracy),
  );
  const { tau, interval, n } = correlation;
  const low = tau === undefined || interval[0] <= gate.minimumTau;
  const topK = low ? Math.max(gate.topK, stages.retrain.topK) : stages.retrain.topK;
  const dollars = stage3Dollars(experiment, gate.epochs, parts, count, retrained);
  const held = low && dollars >= gate.dollars;
  const measured =
    tau === undefined
      ? `undefined over ${n} cells`
      : `${number(tau)}, 95 % interval [${interval.map(number).join(', ')}], over ${n} cells`;
  const training = gate.epochs === 1 ? '1 epoch' : `${gate.epochs} epochs`;
  const text = [
    `Proxy gate: Kendall’s τ between standing in the search and ${metricOf(experiment).scoreName} after ${training} is ${measured}`,
    low
      ? `not surely above ${gate.minimumTau}: stage 2 retrains ${topK} cells instead of ${stages.retrain.topK}`
      : `surely above ${gate.minimumTau}: stage 2 retrains ${topK} cells as planned`,
    ...(held ? [`stage 3, ${priceOf(experiment, dollars)}, waits for nas resume`] : []),
  ].join('; ');
  return { points, correlation, low, topK, held, stage3Dollars: dollars, text };
};
