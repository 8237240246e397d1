import {
  ChildWorkflowCancellationType,
  CancellationScope,
  ApplicationFailure,
  ContinueAsNew,
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import type { StageName } from '../nas/experiment/stage-name.ts';
import type { AuditEntry, RunView } from '../nas/protocol/run-view.ts';
import { metricOf } from '../nas/task/terms.ts';
import { noted, noteEvery } from './awake.ts';
import type { AwakeTime } from './awake.ts';
import { cost, details, emptyBoard, leaderboard, runView, withNews, withStageStatus } from './board.ts';
import { withEdits } from '../nas/experiment/edits.ts';
import {
  controlUpdate,
  costQuery,
  leaderboardQuery,
  progressQuery,
  stageControl,
  stageNews,
} from './contract.ts';
import type { Board, Control, ControlRequest, ProtocolInput, StageInput } from './contract.ts';
import { NO_CONTROL, auditEntry, budgetHold, changed, concernsStage, refusal } from './control.ts';
import { evaluate } from './evaluate.ts';
import { withIntactStages } from './mending.ts';
import { failureText } from './failure-text.ts';
import { collectReport, concludeRun } from './protocol-activities.ts';
import { proxySearch } from './proxy-search.ts';
import { retrainTop } from './retrain-top.ts';
import { bestAccuracyKey, dollarsKey, outcomeKey, stageKey } from './search-attributes.ts';

const STAGES = [
  { name: 'proxy-search', id: 'stage-1', title: 'stage 1: proxy search', workflow: proxySearch },
  { name: 'retrain-top', id: 'stage-2', title: 'stage 2: retrain the top cells', workflow: retrainTop },
  { name: 'evaluate', id: 'stage-3', title: 'stage 3: evaluate against random', workflow: evaluate },
] as const satisfies readonly {
  name: StageName;
  id: string;
  title: string;
  workflow: (input: StageInput) => Promise<void>;
}[];

/** The three-stage protocol. Its id is the run's id; its stages and jobs are named below it. */
export const protocol = async (input: ProtocolInput): Promise<RunView> => {
  const { run, experiment } = input;
  let board: Board = input.carried?.board ?? emptyBoard(STAGES.map((stage) => stage.name));
  const show = (next: Board): void => {
    board = next;
    setCurrentDetails(details(board, metricOf(experiment)));
  };
  const view = (): RunView => runView(run.runId, experiment.name, experiment.task.kind, board);
  const startedAt = input.carried?.startedAt ?? workflowInfo().startTime.getTime();
  let control: Control = input.carried?.control ?? NO_CONTROL;
  /** Kept from when the run first has a budget of hours. */
  let awake: AwakeTime | undefined =
    input.carried?.awakeMs === undefined ? undefined : { ms: input.carried.awakeMs, at: Date.now() };
  /** The stage that runs, once its child has been started. */
  let child: ChildWorkflowHandle<(input: StageInput) => Promise<void>> | undefined;
  let starting = false;
  /** Answers of stages by version of the control. */
  const answers = new Map<number, 'taken' | 'declined'>();

  const audited = (entry: AuditEntry, next: Control): void => {
    control = next;
    const status = next.hold === undefined ? 'running' : 'paused';
    show({ ...board, status, audit: [...(board.audit ?? []), entry] });
  };

  /** Brings a change to the running stage; false when that was about to end and no longer takes it in. */
  const pass = async (next: Control): Promise<boolean> => {
    await condition(() => !starting);
    const stage = child;
    if (stage === undefined) return false;
    try {
      await stage.signal(stageControl, next);
    } catch (error) {
      // It ended before the signal arrived.
      if (isCancellation(error)) throw error;
      return false;
    }
    await condition(() => answers.has(next.version) || child !== stage);
    return answers.get(next.version) === 'taken';
  };

  const budgetHours = (): number | undefined => withEdits(experiment, control.edits).budget.hours;

  /**
   * Notes what has passed of `budget.hours`, in steps small enough to tell sleep by; not while the run is
   * held.
   */
  const countHours = async (): Promise<void> => {
    for (;;) {
      await condition(() => control.hold === undefined && budgetHours() !== undefined);
      // Runs that began before count their age, as they did.
      if (awake === undefined && !patched('awake-hours')) return;
      awake = { ms: awake?.ms ?? Date.now() - startedAt, at: Date.now() };
      for (;;) {
        const hours = budgetHours();
        if (control.hold !== undefined || hours === undefined) break;
        await sleep(noteEvery(hours));
        awake = noted(awake, Date.now(), noteEvery(hours));
      }
    }
  };

  const hoursSpent = (hours: number | undefined): number => {
    if (awake === undefined || hours === undefined) return (Date.now() - startedAt) / 3_600_000;
    awake = noted(awake, Date.now(), noteEvery(hours));
    return awake.ms / 3_600_000;
  };

  const holdForBudget = async (): Promise<void> => {
    if (control.hold !== undefined) return;
    const { budget } = withEdits(experiment, control.edits);
    const dollars = cost(board).stages.reduce((sum, stage) => sum + stage.dollars, 0);
    const why = budgetHold(budget, { dollars, hours: hoursSpent(budget.hours) });
    if (why === undefined) return;
    const next: Control = { ...control, version: control.version + 1, hold: 'drain' };
    audited({ at: new Date().toISOString(), by: 'budget', action: 'pause', text: why }, next);
    // A cancelled run has nothing left to hold.
    await pass(next).catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  };

  /** Between two stages: nothing runs that would have to be told. */
  const holdForGate = (): void => {
    if (control.hold !== undefined || board.gate?.held !== true) return;
    const next: Control = { ...control, version: control.version + 1, hold: 'drain' };
    const at = new Date().toISOString();
    audited({ at, by: 'proxy gate', action: 'pause', text: board.gate.text }, next);
  };

  setHandler(stageNews, async (news) => {
    if (news.kind === 'taken' || news.kind === 'declined') answers.set(news.version, news.kind);
    show(withNews(board, news));
    if (news.kind === 'ended') await holdForBudget();
  });
  setHandler(
    controlUpdate,
    async (request) => {
      const before = control;
      const next = changed(control, request);
      const local = concernsStage(board, request);
      audited(auditEntry(request, new Date()), next);
      const taken = await pass(next);
      if (local && !taken) {
        control = { ...before, version: control.version + 1 };
        show({ ...board, audit: (board.audit ?? []).slice(0, -1) });
        throw ApplicationFailure.nonRetryable('the stage has just ended, nothing was changed', 'StageEnded');
      }
      return view();
    },
    {
      validator: (request: ControlRequest) => {
        const why = refusal(board, control, request);
        if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'Refused');
      },
    },
  );
  setHandler(progressQuery, view);
  setHandler(leaderboardQuery, () => leaderboard(board));
  setHandler(costQuery, () => cost(board));

  const subject = `${experiment.strategy.name} on ${experiment.space.name}, ${experiment.task.data}`;
  const isFull = (): boolean => {
    const info = workflowInfo();
    return input.historyLimit === undefined
      ? info.continueAsNewSuggested
      : info.historyLength > input.historyLimit;
  };

  const finish = async (status: RunView['status'], outcome: string, error?: string): Promise<void> => {
    show({ ...board, status, ...(error === undefined ? {} : { error }) });
    const spent = cost(board).stages.reduce((sum, stage) => sum + stage.dollars, 0);
    const best = board.conclusion?.winner?.test.mean;
    upsertSearchAttributes([
      { key: outcomeKey, value: outcome },
      { key: dollarsKey, value: spent },
      ...(best === undefined ? [] : [{ key: bestAccuracyKey, value: best }]),
    ]);
    await collectReport.executeWithOptions({ summary: 'write the report' }, [{ run, view: view() }]);
  };

  let current: StageName | undefined;
  // Ends with the run, whichever way that ends.
  void CancellationScope.nonCancellable(countHours);
  try {
    for (const [index, stage] of STAGES.entries()) {
      if (index < (input.carried?.stagesDone ?? 0)) continue;
      if (index > 0 && isFull()) {
        await condition(allHandlersFinished);
        await continueAsNew<typeof protocol>({
          ...input,
          carried: {
            ...{ board, stagesDone: index, control, startedAt },
            ...(awake === undefined ? {} : { awakeMs: awake.ms }),
          },
        });
      }
      if (index > 0) await holdForBudget();
      if (stage.name === 'evaluate') holdForGate();
      await condition(() => control.hold === undefined);
      current = stage.name;
      upsertSearchAttributes([{ key: stageKey, value: stage.name }]);
      show(withStageStatus(board, stage.name, 'running'));
      await withIntactStages(
        run,
        () => board,
        async () => {
          child = undefined;
          starting = true;
          child = await startChild(stage.workflow, {
            workflowId: `${run.runId}/${stage.id}`,
            args: [
              {
                run,
                stage: stage.name,
                parallelism: experiment.resources.parallelism,
                subject,
                rehearsal: experiment.rehearsal,
                ...(experiment.gate === undefined ? {} : { gated: true as const }),
                ...(input.historyLimit === undefined ? {} : { historyLimit: input.historyLimit }),
                ...(control.version === 0 ? {} : { control }),
                ...(input.round === undefined ? {} : { round: input.round }),
              },
            ],
            parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
            cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
            typedSearchAttributes: workflowInfo().typedSearchAttributes,
            staticSummary: `${stage.title} — ${subject}`,
          });
          starting = false;
          await child.result();
        },
      );
      child = undefined;
      show(withStageStatus(board, stage.name, 'done'));
    }
    current = undefined;
    const conclusion = await withIntactStages(
      run,
      () => board,
      () => concludeRun.executeWithOptions({ summary: 'verdict' }, [{ run }]),
    );
    show({ ...board, conclusion });
    await finish('done', 'succeeded');
    await condition(allHandlersFinished);
    return view();
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    child = undefined;
    starting = false;
    if (current !== undefined) show(withStageStatus(board, current, 'failed'));
    const cancelled = isCancellation(error);
    // The report of what is there is still written; a failure to write it must not hide the first one.
    await CancellationScope.nonCancellable(async () => {
      try {
        await finish(
          cancelled ? 'cancelled' : 'failed',
          cancelled ? 'cancelled' : 'failed',
          failureText(error),
        );
      } catch (reportError) {
        show({ ...board, error: `${board.error ?? ''} (no report: ${failureText(reportError)})` });
      }
    });
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw error;
  }
};
