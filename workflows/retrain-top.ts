import { continueAsNew } from '@temporalio/workflow';
import type { StageInput } from './contract.ts';
import { createJobPool } from './job-pool.ts';
import { withIntactResults } from './mending.ts';
import { planRetraining, settleStage } from './protocol-activities.ts';

/** Stage 2: the best cells of stage 1, each retrained from scratch. */
export const retrainTop = async (input: StageInput): Promise<void> => {
  const { run, stage } = input;
  const pool = createJobPool(input);
  await pool.runPlanned((edits) =>
    withIntactResults(input, () =>
      planRetraining.executeWithOptions({ summary: 'proxy scores → cells' }, [{ run, ...edits }]),
    ),
  );
  await pool.close();
  if (pool.full) await continueAsNew<typeof retrainTop>({ ...input, ...pool.carry() });
  await settleStage.executeWithOptions({ summary: 'rank the cells by validation accuracy' }, [
    { run, stage, reports: pool.ended },
  ]);
};
