import type { Dependencies } from '../../activities/dependencies.ts';
import { lookUpFinished, summarise } from '../../activities/documents/run-documents.ts';
import { createStageActivities } from '../../activities/stages/protocol-stages.ts';
import { parseJobDocument } from '../../nas/job/job-document.ts';
import { runRecordSchema, type RunRecord } from '../../nas/experiment/run-record.ts';
import type { JobReport, PlannedJob } from '../../nas/job/job-report.ts';
import type { JobDocument } from '../../nas/job/job-document.ts';
import type { ProgramResult } from '../../nas/job/program-result.ts';
import { jobDocument } from '../../nas/protocol/plan.ts';
import { createDocument } from '../../store/json-documents.ts';
import { writeResult } from '../../store/job-results.ts';
import { keys } from '../../store/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { emptyBoard, runView, withNews } from '../../workflows/board.ts';
import type { Board } from '../../workflows/contract.ts';

type Stage = 'proxy-search' | 'retrain-top' | 'evaluate';

/** A whole run, job by job, as the workflows order it; every job's result is what `resultOf` says. */
export const walkRun = async (
  store: ObjectStore,
  run: RunRecord,
  countNetwork: Dependencies['countNetwork'],
  resultOf: (document: JobDocument, job: PlannedJob) => ProgramResult | Promise<ProgramResult>,
) => {
  const { runId } = run;
  await createDocument(store, keys.experiment(runId), runRecordSchema, run);
  const stages = createStageActivities({ store, countNetwork } as unknown as Dependencies);
  let board: Board = emptyBoard(['proxy-search', 'retrain-top', 'evaluate']);
  const carryOut = async (stage: Stage, jobs: readonly PlannedJob[]) => {
    board = withNews(board, { kind: 'planned', stage, jobs });
    const reports: JobReport[] = [];
    for (const job of jobs) {
      const document = parseJobDocument(JSON.parse(JSON.stringify(jobDocument(run, job))), 'job');
      await writeResult(store, { runId, jobId: job.jobId }, await resultOf(document, job));
      const found = await lookUpFinished(store, run, job);
      if (found.kind !== 'intact') throw new Error(`${job.jobId}: ${found.kind}`);
      const ended = { job, outcome: 'succeeded', attempts: 1, reclaims: 0, seconds: 1, dollars: 0 } as const;
      reports.push({ ...ended, result: summarise(found.stored) });
      board = withNews(board, { kind: 'ended', stage, report: reports.at(-1)! });
    }
    return reports;
  };
  const searched = await carryOut('proxy-search', await stages.planSearch({ run }));
  await stages.settleStage({ run, stage: 'proxy-search', reports: searched });
  const retrained = await carryOut('retrain-top', await stages.planRetraining({ run }));
  await stages.settleStage({ run, stage: 'retrain-top', reports: retrained });
  const drawn = await carryOut('evaluate', await stages.planBaseline({ run, ended: [] }));
  const evaluated = [
    ...(await carryOut('evaluate', await stages.planWinner({ run }))),
    ...(await carryOut('evaluate', await stages.planBaselineEvaluation({ run, ended: drawn }))),
  ];
  await stages.settleStage({ run, stage: 'evaluate', reports: [...drawn, ...evaluated] });
  board = { ...board, status: 'done', conclusion: await stages.concludeRun({ run }) };
  return {
    store,
    run,
    board,
    retrained,
    drawn,
    evaluated,
    view: runView(runId, run.dataset.name, run.experiment.task.kind, board),
  };
};
