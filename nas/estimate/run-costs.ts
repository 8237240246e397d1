import { sum } from '../core/sum.ts';
import { givenCell } from '../experiment/given-cell.ts';
import { remembered } from '../core/remembered.ts';
import { claimOf } from '../experiment/claim.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { StageName } from '../experiment/stage-name.ts';
import { programOf, searchJobs } from '../protocol/plan.ts';
import { randomCells } from '../protocol/random-cells.ts';
import { baselineCellsToAdd, evenShare } from '../protocol/stages.ts';
import { isGiven } from '../search/given.ts';
import { spaceOf } from '../space/spaces.ts';
import type { DatasetManifest } from '../task/manifest.ts';
import type { StageKey } from '../task/task.ts';
import { taskOf } from '../task/tasks.ts';
import { InvalidArchitectureError } from '../training/program.ts';
import { costOfPasses, passesOf } from '../training/programs/passes.ts';
import type { RunNetworks } from './run-networks.ts';

/** Some jobs together. */
export interface Jobs {
  readonly jobs: number;
  /** Examples passed, training and scoring together. */
  readonly images: number;
  readonly multiplyAdds: number;
}

export const NO_JOBS: Jobs = { jobs: 0, images: 0, multiplyAdds: 0 };

const together = (parts: readonly Jobs[]): Jobs => ({
  jobs: sum(parts.map(({ jobs }) => jobs)),
  images: sum(parts.map(({ images }) => images)),
  multiplyAdds: sum(parts.map(({ multiplyAdds }) => multiplyAdds)),
});

/** What is not known before a run: as it is on average, or as chance may have it. */
export interface Unknowns {
  /** All jobs of one search. */
  search(): Jobs;
  /** Multiply-adds of one example, forward, in a random network of the size of a stage. */
  network(stage: StageKey): number;
}

/** Random cells of one random search that are costed as they will be drawn. */
const DRAWN = 64;

/**
 * Multiply-adds of the first cells that a random search will draw, where limits do not decide which; undefined
 * where one cannot be built.
 */
const firstCells = (
  experiment: Experiment,
  networks: RunNetworks,
  search: number | undefined,
): readonly (number | undefined)[] => {
  if (experiment.stages.search.objective !== undefined) return [];
  const costs: (number | undefined)[] = [];
  for (const { genotype } of randomCells(experiment, spaceOf(experiment.space), () => false, search)) {
    if (costs.length === DRAWN) break;
    try {
      costs.push(networks.cost('retrain', genotype));
    } catch (error) {
      if (!(error instanceof InvalidArchitectureError)) throw error;
      costs.push(undefined);
    }
  }
  return costs;
};

const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);

/** What the jobs of each stage cost together, given what is not known. */
export const runCosts = (
  experiment: Experiment,
  dataset: DatasetManifest,
  networks: RunNetworks,
): ((unknown: Unknowns) => Readonly<Record<StageName, Jobs>>) => {
  const { stages, gate, strategy, origin } = experiment;
  const { search, retrain, evaluate } = stages;
  const { length } = searchJobs(experiment);
  const ofAll = claimOf(experiment) === 'cell';
  const sampled = gate?.cells ?? 0;

  const training = (kind: 'gate' | 'retrain' | 'evaluate') => {
    const spec = programOf(experiment, { kind, jobId: '', seed: 0, genotype: '' });
    const passes = passesOf(spec, taskOf(dataset.task).cuts(dataset, spec));
    return (multiplyAdds: number): Jobs => ({ jobs: 1, ...costOfPasses(passes, multiplyAdds) });
  };
  const [gated, retrained, evaluated] = [training('gate'), training('retrain'), training('evaluate')];

  /** The sides of stage 3: all searches together, or each by itself; with what each retrains. */
  const sides = ofAll
    ? [{ searches: length, gated: sampled, cells: retrain.topK, search: undefined }]
    : search.seeds.map((seed, i) => ({
        searches: 1,
        gated: evenShare(sampled, length, i),
        cells: evenShare(retrain.topK, length, i),
        search: seed,
      }));
  const drawnFirst = remembered((seed: number | undefined) => firstCells(experiment, networks, seed));

  const given = remembered((stage: StageKey) => networks.cost(stage, givenCell(experiment).genotype));
  const transferred = remembered((stage: StageKey) => networks.cost(stage, origin?.baseline ?? ''));

  return (unknown) => {
    const cell = (stage: StageKey): number => (isGiven(strategy) ? given(stage) : unknown.network(stage));
    const baseline = (stage: StageKey): number =>
      origin === undefined ? unknown.network(stage) : transferred(stage);

    /** Random cells of one random search that spends as much as was spent. */
    const spentAgain = (budget: number, seed: number | undefined): readonly Jobs[] => {
      const drawn: Jobs[] = [];
      const next = (function* () {
        for (let i = 0; ; i++) {
          const job = retrained(drawnFirst(seed)[i] ?? unknown.network('retrain'));
          drawn.push(job);
          yield job.multiplyAdds;
        }
      })();
      const added = baselineCellsToAdd({ budget, spent: [], next });
      return drawn.slice(0, added);
    };

    const costs = sides.map((side) => {
      const searched = together(times(side.searches, () => unknown.search()));
      const gates = together(times(side.gated, () => gated(unknown.network('retrain'))));
      const cells = together(times(side.cells, () => retrained(cell('retrain'))));
      const spent = searched.multiplyAdds + gates.multiplyAdds + cells.multiplyAdds;
      const against =
        // A transferred run compares with the origin's random cell instead of looking for one.
        origin !== undefined
          ? []
          : // Random search looks as much up, for nothing.
            search.table !== undefined && !ofAll
            ? times(side.cells, () => retrained(unknown.network('retrain')))
            : spentAgain(spent, side.search);
      const [winner, random] = [cell('evaluate'), baseline('evaluate')];
      const trained = evaluate.seeds.flatMap(() => [evaluated(winner), evaluated(random)]);
      return { search: together([searched, gates]), cells, evaluation: together([...against, ...trained]) };
    });
    return {
      'proxy-search': together(costs.map((side) => side.search)),
      'retrain-top': together(costs.map((side) => side.cells)),
      evaluate: together(costs.map((side) => side.evaluation)),
    };
  };
};
