import { continueAsNew } from '@temporalio/workflow';
import type { JobReport } from '../nas/job/job-report.ts';
import type { StageInput } from './contract.ts';
import { createJobPool } from './job-pool.ts';
import { planBaseline, planBaselineEvaluation, planWinner, settleStage } from './protocol-activities.ts';

/**
 * Stage 3: the winner of stage 2 and the best random cell of an equal budget, or those of every search, each
 * trained with all seeds and scored on the test split. The winners' jobs fill the slots that the baseline's
 * own selection leaves free.
 */
export const evaluate = async (input: StageInput): Promise<void> => {
  const { run, stage } = input;
  const pool = createJobPool(input);

  const winner = async (): Promise<void> => {
    await pool.runPlanned((edits) =>
      planWinner.executeWithOptions({ summary: 'best cell of stage 2 → seeds' }, [{ run, ...edits }]),
    );
  };

  const baseline = async (): Promise<void> => {
    const ended: JobReport[] = [];
    for (;;) {
      const cells = await planBaseline.executeWithOptions(
        { summary: 'random cells for the unspent budget' },
        [{ run, ended }],
      );
      if (cells.length === 0) break;
      ended.push(...(await pool.run(cells)));
      if (pool.full) return;
    }
    await pool.runPlanned((edits) =>
      planBaselineEvaluation.executeWithOptions({ summary: 'best random cell → seeds' }, [
        { run, ended, ...edits },
      ]),
    );
  };

  // The baseline is the longer chain, so its cells go first.
  await Promise.all([baseline(), winner()]);
  await pool.close();
  if (pool.full) await continueAsNew<typeof evaluate>({ ...input, ...pool.carry() });
  await settleStage.executeWithOptions({ summary: 'record the test accuracies' }, [
    { run, stage, reports: pool.ended },
  ]);
};
