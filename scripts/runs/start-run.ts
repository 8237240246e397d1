import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { WorkflowIdReusePolicy } from '@temporalio/common';
import { inputError } from '../../nas/core/input-error.ts';
import type { RunRecord } from '../../nas/experiment/run-record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { createRunRecord, findRunRecord } from '../../store/run-records.ts';
import type { CarriedRun } from '../../workflows/contract.ts';
import type { protocol } from '../../workflows/protocol.ts';
import { datasetKey, runKey, spaceKey, strategyKey } from '../../workflows/search-attributes.ts';

type RunHandle = WorkflowHandleWithFirstExecutionRunId<typeof protocol>;

const inUse = (runId: string): Error =>
  inputError(
    '--name',
    runId,
    'a name that no run has',
    `give another --name, or follow the existing run with nas watch ${runId}`,
  );

/**
 * Reserves the run's name in the store. A start that was cut short may be repeated with the same experiment.
 */
export const reserve = async (store: ObjectStore, record: RunRecord): Promise<void> => {
  if (await createRunRecord(store, record)) return;
  const present = await findRunRecord(store, record.runId);
  if (present?.experimentHash !== record.experimentHash) throw inUse(record.runId);
};

/** Where a run begins that does not begin with nothing. */
interface Resumption {
  /** Stages that are done already. */
  readonly carried: CarriedRun;
  /** 2 for a run's first retry; 1 for a fork, which is a run of its own. */
  readonly round: number;
}

/**
 * Starts the protocol's workflow; its id is the run's id. Throws `InputError` when the name is in use: by any
 * run, or, for a retry, by one that is under way or done.
 */
export const startRun = async (
  client: Client,
  store: ObjectStore,
  options: {
    readonly record: RunRecord;
    readonly taskQueue: string;
    readonly historyLimit?: number;
    readonly resumption?: Resumption;
  },
): Promise<RunHandle> => {
  const { record, taskQueue, historyLimit, resumption } = options;
  const round = resumption?.round ?? 1;
  const { runId, experiment, experimentHash } = record;
  await reserve(store, record);
  try {
    return await client.workflow.start<typeof protocol>('protocol', {
      workflowId: runId,
      taskQueue,
      args: [
        {
          run: { runId, experimentHash },
          experiment,
          ...(historyLimit === undefined ? {} : { historyLimit }),
          ...(resumption === undefined ? {} : { carried: resumption.carried }),
          ...(round === 1 ? {} : { round }),
        },
      ],
      workflowIdReusePolicy:
        round === 1
          ? WorkflowIdReusePolicy.REJECT_DUPLICATE
          : WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
      memo: { experiment, round },
      typedSearchAttributes: [
        { key: runKey, value: runId },
        { key: spaceKey, value: experiment.space.name },
        { key: strategyKey, value: experiment.strategy.name },
        { key: datasetKey, value: experiment.task.data },
      ],
      staticSummary: `${experiment.name}: ${experiment.strategy.name} on ${experiment.space.name}, ${experiment.task.data}`,
      ...(experiment.description === '' ? {} : { staticDetails: experiment.description }),
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw inUse(runId);
    throw error;
  }
};
