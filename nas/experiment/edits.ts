import type { Experiment } from './experiment.ts';
import type { SettledExperiment } from './settled-experiment.ts';

/**
 * What may be changed while a run is under way. None of it touches the program of a job: checkpoints and
 * results stay valid, and the run keeps its experiment hash.
 */
export interface Edits {
  /** `resources.parallelism`. */
  readonly parallelism?: number;
  /** `stages.retrain.topK`. */
  readonly topK?: number;
  /** `stages.search.seeds`. */
  readonly searchSeeds?: readonly number[];
  /** `stages.evaluate.seeds`. */
  readonly evaluateSeeds?: readonly number[];
  /** `budget.dollars`: no job is launched once the ended ones have cost as much. */
  readonly dollars?: number;
  /** `budget.hours`: no job is launched once the run has been awake as long. */
  readonly hours?: number;
}

/** The experiment's fields that can be edited, and how to read each. */
export const EDITABLE = {
  'resources.parallelism': (e: Experiment): Edits =>
    e.resources.parallelism === undefined ? {} : { parallelism: e.resources.parallelism },
  'stages.retrain.topK': (e: Experiment): Edits => ({ topK: e.stages.retrain.topK }),
  'stages.search.seeds': (e: Experiment): Edits => ({ searchSeeds: e.stages.search.seeds }),
  'stages.evaluate.seeds': (e: Experiment): Edits => ({ evaluateSeeds: e.stages.evaluate.seeds }),
  'budget.dollars': (e: Experiment): Edits =>
    e.budget.dollars === undefined ? {} : { dollars: e.budget.dollars },
  'budget.hours': (e: Experiment): Edits => (e.budget.hours === undefined ? {} : { hours: e.budget.hours }),
} as const satisfies Record<string, (experiment: Experiment) => Edits>;

/** The experiment as its edits have left it. */
export const withEdits = (experiment: SettledExperiment, edits: Edits = {}): SettledExperiment => {
  const { stages, resources, budget } = experiment;
  return {
    ...experiment,
    resources: { ...resources, parallelism: edits.parallelism ?? resources.parallelism },
    budget: {
      ...budget,
      ...(edits.dollars === undefined ? {} : { dollars: edits.dollars }),
      ...(edits.hours === undefined ? {} : { hours: edits.hours }),
    },
    stages: {
      search: { ...stages.search, seeds: [...(edits.searchSeeds ?? stages.search.seeds)] },
      retrain: { ...stages.retrain, topK: edits.topK ?? stages.retrain.topK },
      evaluate: { ...stages.evaluate, seeds: [...(edits.evaluateSeeds ?? stages.evaluate.seeds)] },
    },
  };
};

/** One sentence of the audit trail: `parallelism → 4, topK → 6`. */
export const describeEdits = (edits: Edits): string =>
  Object.entries(edits)
    .map(([field, value]) => `${field} → ${JSON.stringify(value)}`)
    .join(', ');
