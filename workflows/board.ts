import { contenderOf } from '../nas/job/contender.ts';
import type { JobReport } from '../nas/job/job-report.ts';
import type { StageName } from '../nas/experiment/stage-name.ts';
import type { CostView, JobView, LeaderboardRow, RunView, StageView } from '../nas/protocol/run-view.ts';
import type { Metric } from '../nas/task/metric.ts';
import { DEFAULT_TASK } from '../nas/task/terms.ts';
import type { TaskKind } from '../nas/task/terms.ts';
import type { Board, BoardJob, BoardStage, StageNews } from './contract.ts';

/** The display before anything has run. */
export const emptyBoard = (stages: readonly StageName[]): Board => ({
  status: 'running',
  stages: stages.map((name) => ({ name, status: 'pending', jobs: [] })),
});

const inStage = (board: Board, name: StageName, change: (stage: BoardStage) => BoardStage): Board => ({
  ...board,
  stages: board.stages.map((stage) => (stage.name === name ? change(stage) : stage)),
});

const inJob = (stage: BoardStage, jobId: string, change: (job: BoardJob) => BoardJob): BoardStage => ({
  ...stage,
  jobs: stage.jobs.map((entry) => (entry.job.jobId === jobId ? change(entry) : entry)),
});

export const withStageStatus = (board: Board, name: StageName, status: BoardStage['status']): Board =>
  inStage(board, name, (stage) => ({ ...stage, status }));

/** The job that waits, or whose trial waits, with the reason; a trial's says which one it is. */
const withWait = (entry: BoardJob, { jobId, reason }: Extract<StageNews, { kind: 'waits' }>): BoardJob => {
  const isTrial = jobId.startsWith(`${entry.job.jobId}/`);
  if (entry.job.jobId !== jobId && !isTrial) return entry;
  const trial = isTrial ? `${jobId.slice(entry.job.jobId.length + 1)}: ` : '';
  if (reason !== undefined) {
    const now = `${trial}${reason}`;
    return { ...entry, waits: { first: entry.waits?.first ?? now, now } };
  }
  // Another trial's reason still stands.
  if (entry.waits?.now?.startsWith(trial) !== true) return entry;
  return { ...entry, waits: { first: entry.waits.first } };
};

/** Idempotent: news that was told before changes nothing. */
export const withNews = (board: Board, news: StageNews): Board => {
  switch (news.kind) {
    case 'planned':
      return inStage(board, news.stage, (stage) => {
        const known = new Set(stage.jobs.map((entry) => entry.job.jobId));
        const fresh = news.jobs.filter((job) => !known.has(job.jobId));
        return {
          ...stage,
          jobs: [...stage.jobs, ...fresh.map((job) => ({ job, status: 'pending' as const }))],
        };
      });
    case 'started':
      return inStage(board, news.stage, (stage) =>
        inJob(stage, news.jobId, (entry) => ({ ...entry, status: 'running' })),
      );
    case 'ended':
      return inStage(board, news.stage, (stage) =>
        inJob(stage, news.report.job.jobId, (entry) => ({ ...entry, report: news.report })),
      );
    case 'requeued':
      return inStage(board, news.stage, (stage) =>
        inJob(stage, news.jobId, ({ job }) => ({ job, status: 'pending' })),
      );
    case 'waits':
      return {
        ...board,
        stages: board.stages.map((stage) => ({
          ...stage,
          jobs: stage.jobs.map((entry) => withWait(entry, news)),
        })),
      };
    case 'taken':
    case 'declined':
      return board;
    case 'rehearsed':
      return { ...board, rehearsal: news.rehearsal };
    case 'gated':
      return { ...board, gate: news.gate };
  }
};

const endedStatus = (report: JobReport): JobView['status'] => {
  if (report.outcome === 'succeeded') return 'done';
  return report.outcome === 'cancelled' ? 'cancelled' : 'failed';
};

/** A job without a report is over when its run is. */
const unendedStatus = (board: Board, status: BoardJob['status']): JobView['status'] => {
  return board.status === 'running' || board.status === 'paused' ? status : 'cancelled';
};

const jobView = (board: Board, { job, status, report, waits }: BoardJob): JobView => {
  const shown = report ? endedStatus(report) : unendedStatus(board, status);
  const genotype = report?.result?.genotype ?? (job.kind === 'search' ? undefined : job.genotype);
  return {
    jobId: job.jobId,
    kind: job.kind,
    status: shown,
    seed: job.seed,
    ...(job.kind === 'evaluate' ? { contender: contenderOf(job) } : {}),
    ...('search' in job && job.search !== undefined ? { search: job.search } : {}),
    attempts: report?.attempts ?? 0,
    reclaims: report?.reclaims ?? 0,
    ...(genotype === undefined ? {} : { genotype }),
    ...(report === undefined ? {} : { outcome: report.outcome }),
    ...(report?.error === undefined ? {} : { error: report.error }),
    ...(waits === undefined ? {} : { waited: waits.first }),
    ...(waits?.now === undefined || shown !== 'running' ? {} : { waits: waits.now }),
    ...(report?.result?.scoredOn === 'validation' ? { validationAccuracy: report.result.accuracy } : {}),
    ...(report?.result?.scoredOn === 'test' ? { testAccuracy: report.result.accuracy } : {}),
  };
};

const stageView = (board: Board, stage: BoardStage): StageView => ({
  name: stage.name,
  status: stage.status,
  jobs: stage.jobs.map((entry) => jobView(board, entry)),
});

/** The query `progress`. */
export const runView = (runId: string, experiment: string, task: TaskKind, board: Board): RunView => ({
  runId,
  experiment,
  ...(task === DEFAULT_TASK ? {} : { task }),
  status: board.status,
  stages: board.stages.map((stage) => stageView(board, stage)),
  ...board.conclusion,
  ...(board.rehearsal === undefined ? {} : { rehearsal: board.rehearsal }),
  ...(board.gate === undefined ? {} : { gate: board.gate }),
  ...(board.audit === undefined ? {} : { audit: board.audit }),
  ...(board.error === undefined ? {} : { error: board.error }),
});

/** The query `leaderboard`: cells trained from scratch, best validation score first. */
export const leaderboard = (board: Board): LeaderboardRow[] =>
  board.stages
    .flatMap((stage) => stage.jobs)
    .flatMap(({ job, report }) =>
      job.kind !== 'search' && job.kind !== 'gate' && report?.result?.scoredOn === 'validation'
        ? [{ jobId: job.jobId, genotype: job.genotype, validationAccuracy: report.result.accuracy }]
        : [],
    )
    .sort((a, b) => b.validationAccuracy - a.validationAccuracy || (a.jobId < b.jobId ? -1 : 1));

/** The query `cost`. */
export const cost = (board: Board): CostView => ({
  stages: board.stages.map((stage) => {
    const reports = stage.jobs.flatMap((entry) => entry.report ?? []);
    const sum = (of: (report: JobReport) => number): number => reports.reduce((total, r) => total + of(r), 0);
    return {
      name: stage.name,
      jobs: reports.length,
      multiplyAdds: sum((r) => r.result?.cost.multiplyAdds ?? 0),
      images: sum((r) => r.result?.cost.images ?? 0),
      seconds: sum((r) => r.seconds),
      dollars: sum((r) => r.dollars),
    };
  }),
});

/** Changes by operators that the UI's current details show. */
const NEWEST_CHANGES = 10;

/** Jobs that wait that the UI's current details show. */
const WAITING_SHOWN = 5;

const waitingLines = ({ jobs }: BoardStage): string[] =>
  jobs
    .flatMap(({ job, report, waits }) =>
      report === undefined && waits?.now !== undefined ? [`  - ${job.jobId} waits: ${waits.now}`] : [],
    )
    .slice(0, WAITING_SHOWN);

/** The UI's current details: one line a stage, and what operators changed, in Markdown. */
export const details = (board: Board, metric: Metric): string =>
  board.stages
    .flatMap((stage) => {
      const ended = stage.jobs.filter((entry) => entry.report !== undefined).length;
      const scores = stage.jobs.flatMap((entry) => entry.report?.result?.accuracy ?? []);
      const best = scores.length === 0 ? '' : `, best ${metric.format(Math.max(...scores))}`;
      return [
        `- **${stage.name}** — ${stage.status}: ${ended}/${stage.jobs.length} jobs${best}`,
        ...waitingLines(stage),
      ];
    })
    .concat(board.conclusion?.verdict ? [`\n**${board.conclusion.verdict.text}**`] : [])
    .concat(board.status === 'paused' ? [`\n**paused**: ${board.audit?.at(-1)?.text ?? ''}`] : [])
    .concat(board.rehearsal ? [`\n${board.rehearsal.text}`] : [])
    .concat(board.audit === undefined ? [] : ['\n**Changes**\n'])
    .concat(
      (board.audit ?? [])
        .slice(-NEWEST_CHANGES)
        .map(
          ({ at, by, action, text }) => `- ${at.slice(0, 19).replace('T', ' ')} ${by}: ${action}, ${text}`,
        ),
    )
    .join('\n');
