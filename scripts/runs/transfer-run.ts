import { stringify } from 'yaml';
import { inputError } from '../../nas/core/input-error.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { readDataset } from '../../store/datasets.ts';
import { taskOf } from '../../nas/task/tasks.ts';
import { DEFAULT_TASK } from '../../nas/task/terms.ts';
import { checkResources } from './check-resources.ts';
import type { Session } from './connect.ts';
import { readRunRecord } from './control-run.ts';
import { contenders, readReported } from './reported-cells.ts';
import { findDataset } from './check-stored.ts';
import { checkRunId, runRecord } from './prepare-run.ts';
import type { RunOrigin } from './settle-origin.ts';
import { settleParallelism } from './settle-parallelism.ts';
import { startRun } from './start-run.ts';
import { transferredExperiment } from './transferred-experiment.ts';

/**
 * Starts a run that evaluates the winner of another one, and its random baseline, on another data set: stage
 * 3 of the same recipe, unless overrides say otherwise; what the data set asks of networks follows from it.
 * Returns its name. Throws `InputError` for a run without a winner, or an unknown data set.
 */
export const transferRun = async (
  session: Session,
  sourceId: string,
  options: {
    readonly data: string;
    readonly overrides: readonly string[];
    readonly name?: string;
    readonly origin?: RunOrigin;
  },
): Promise<string> => {
  const { client, store, config } = session;
  const { experiment: source, experimentHash, dataset } = await readRunRecord(session, sourceId);
  const { winner, baseline } = await readReported(session, sourceId, contenders);
  if (winner === undefined || baseline === undefined)
    throw inputError(
      'run',
      sourceId,
      'a run whose stage 3 has evaluated both contenders',
      `nas status ${sourceId} says how far it is; nas run experiments/retrain.yaml --set genotype=… trains any cell`,
    );
  const target = /^[\w.-]+$/.test(options.data) ? await readDataset(store, options.data) : undefined;
  const { resized } = taskOf(source.task.kind);
  const transferred = transferredExperiment(
    {
      runId: sourceId,
      experiment: source,
      experimentHash,
      data: dataset.name,
      winner: winner.genotype,
      baseline: baseline.genotype,
    },
    {
      data: options.data,
      // A data set that is not there, or of another task, is refused below.
      resized: (network) =>
        target === undefined || (target.manifest.task ?? DEFAULT_TASK) !== source.task.kind
          ? network
          : resized(network, target.manifest),
    },
  );
  const loaded = loadExperiment(stringify(transferred), {
    file: `transfer of ${sourceId}`,
    overrides: options.overrides,
  });
  const now = new Date();
  const runId = checkRunId(
    options.name ?? `${sourceId.slice(0, 54)}-to-${now.toISOString().slice(11, 19).replaceAll(':', '')}`,
  );
  const gpuMemoryMiB = await checkResources(config, loaded);
  const found = await findDataset(store, loaded, gpuMemoryMiB);
  const experiment = await settleParallelism(config, loaded.experiment);
  const record = runRecord(runId, experiment, found, now, options.origin);
  await startRun(client, store, { record, taskQueue: config.taskQueue });
  return runId;
};
