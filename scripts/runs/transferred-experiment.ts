import type { Experiment, ExperimentInput } from '../../nas/experiment/experiment.ts';
import type { NetworkSize } from '../../nas/task/task.ts';

/** What a transfer takes from the run that found the cells. */
export interface TransferSource {
  readonly runId: string;
  readonly experiment: Experiment;
  readonly experimentHash: string;
  /** Name of the data set that the run trained on. */
  readonly data: string;
  /** The cells that its stage 3 evaluated, printed. */
  readonly winner: string;
  readonly baseline: string;
}

/**
 * The experiment that evaluates the source's cells on other data by the same recipe of stage 3; stage 2's is
 * there for who asks for it. Nothing that only a search has goes with them: neither stage 1, a gate nor a
 * claim about it. Cells that the source was given by another run are still that run's.
 */
export const transferredExperiment = (
  { runId, experiment, experimentHash, data, winner, baseline }: TransferSource,
  target: {
    readonly data: string;
    /** A network at the size that the data set asks for. */
    resized(network: NetworkSize): NetworkSize;
  },
): ExperimentInput => {
  const { gate: _, ...source } = experiment;
  const {
    retrain,
    evaluate: { claim: _claim, ...evaluate },
  } = source.stages;
  return {
    ...source,
    name: `${source.name.slice(0, 39)}-transfer`,
    description: `Cells of run ${runId} on ${target.data}`,
    strategy: { name: 'given' },
    genotype: winner,
    origin: source.origin ?? { run: runId, experimentHash, data, baseline },
    task: { ...source.task, data: target.data },
    stages: {
      retrain: { ...retrain, topK: 0, network: target.resized(retrain.network) },
      evaluate: { ...evaluate, network: target.resized(evaluate.network) },
    },
    rehearsal: { reclaims: 0 },
  };
};
