import type { Experiment } from './experiment.ts';

/** Epochs that a share of the full training comes to. */
export const epochsAt = (experiment: Experiment, fidelity: number): number =>
  Math.max(1, Math.round(fidelity * experiment.stages.search.recipe.epochs));
