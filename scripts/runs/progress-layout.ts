import type { Metric } from '../../nas/task/metric.ts';
import { termsOf } from '../../nas/task/terms.ts';
import { count, duration } from './format.ts';
import type { LiveJob, LiveStage, LiveView } from './live-view.ts';

/** A terminal's size in characters. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

const BAR = 12;
/** Narrower windows have no place for bars beside what they belong to. */
const COLUMNS_FOR_BARS = { stage: 50, job: 80 };

const bar = (fraction: number, of: 'stage' | 'job', { columns }: Screen): string => {
  if (columns < COLUMNS_FOR_BARS[of]) return '';
  const full = Math.round(BAR * Math.min(1, Math.max(0, fraction)));
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} `;
};

const part = (fraction: number): string => `${Math.floor(100 * fraction)} %`.padStart(5);

/** Done fraction of a job; one that ended is whole whatever its outcome. */
const fraction = (job: LiveJob): number => {
  if (job.status === 'pending') return 0;
  if (job.status !== 'running') return 1;
  return job.totalSteps === undefined || job.totalSteps === 0 ? 0 : (job.step ?? 0) / job.totalSteps;
};

const hasEnded = ({ status }: LiveJob): boolean => status !== 'pending' && status !== 'running';

const joined = (...parts: readonly (string | false | undefined)[]): string =>
  parts.filter((text) => typeof text === 'string' && text !== '').join(', ');

/** Never the test score: nothing is chosen by it. */
const bestOf = (jobs: readonly LiveJob[], metric: Metric): string => {
  const validated = jobs.flatMap((job) => job.validationAccuracy ?? job.bestAccuracy ?? []);
  if (validated.length > 0) return `best validation ${metric.format(Math.max(...validated))}`;
  const scores = jobs.flatMap((job) => job.bestScore ?? []);
  return scores.length > 0 ? `best score ${Math.max(...scores).toPrecision(4)}` : '';
};

const trialsOf = (jobs: readonly LiveJob[]): string => {
  const searching = jobs.filter(({ trials }) => trials !== undefined);
  if (searching.length === 0) return '';
  const sum = (of: (job: LiveJob) => number | undefined): number =>
    searching.reduce((total, job) => total + (of(job) ?? 0), 0);
  return `${sum((job) => job.trials)}/${count(
    sum((job) => job.totalSteps),
    'trial',
  )}`;
};

/** One line, or two where what a search has found does not fit beside the bar. */
const stageLines = (stage: LiveStage, metric: Metric, screen: Screen): readonly string[] => {
  const { jobs } = stage;
  const done = jobs.reduce((sum, job) => sum + fraction(job), 0) / Math.max(1, jobs.length);
  const left = jobs.flatMap((job) => (job.status === 'running' ? (job.secondsLeft ?? []) : []));
  const ended = `${jobs.filter(hasEnded).length}/${count(jobs.length, 'job')}`;
  const found = joined(
    trialsOf(jobs),
    stage.name !== 'evaluate' && bestOf(jobs, metric),
    left.length > 0 && `running jobs end in ${duration(Math.max(...left))}`,
  );
  const head = `${stage.name.padEnd(12)} ${bar(done, 'stage', screen)}${part(done)}  `;
  const line = `${head}${joined(ended, found)}`;
  return line.length <= screen.columns || found === '' ? [line] : [`${head}${ended}`, `  ${found}`];
};

const jobNote = (job: LiveJob, metric: Metric): string =>
  job.status === 'running'
    ? joined(
        job.secondsLeft !== undefined && `${duration(job.secondsLeft)} left`,
        job.phase ?? 'starting',
        job.trials === undefined && job.trainingEpoch !== undefined && `epoch ${job.trainingEpoch}`,
        bestOf([job], metric).replace('best validation', 'best'),
        job.reclaims > 0 && count(job.reclaims, 'reclaim'),
      )
    : joined(
        job.outcome ?? job.status,
        job.testAccuracy !== undefined && `test ${metric.format(job.testAccuracy)}`,
        job.validationAccuracy !== undefined && `validation ${metric.format(job.validationAccuracy)}`,
        job.reclaims > 0 && count(job.reclaims, 'reclaim'),
      );

const jobLine = (job: LiveJob, metric: Metric, nameWidth: number, screen: Screen): string =>
  `  ${job.jobId.padEnd(nameWidth)} ${bar(fraction(job), 'job', screen)}${part(fraction(job))}  ${jobNote(job, metric)}`;

const KINDS: readonly (readonly [string, (job: LiveJob) => boolean])[] = [
  ['running', ({ status }) => status === 'running'],
  ['waiting', ({ status }) => status === 'pending'],
  ['failed', ({ status }) => status === 'failed'],
  ['cancelled', ({ status }) => status === 'cancelled'],
  ['done', ({ status }) => status === 'done'],
];

const restLine = (jobs: readonly LiveJob[]): string => {
  const counts = KINDS.map(([name, is]) => [jobs.filter(is).length, name] as const).filter(([n]) => n > 0);
  return `  and ${count(jobs.length, 'more job')}: ${counts.map(([n, name]) => `${n} ${name}`).join(', ')}`;
};

/** What does not fit ends in an ellipsis, so that no line takes two rows. */
const cut = (line: string, { columns }: Screen): string => {
  const characters = [...line.trimEnd()];
  return characters.length <= columns ? characters.join('') : `${characters.slice(0, columns - 1).join('')}…`;
};

/** Jobs as they deserve a row: running ones, what went wrong, what is done; waiting ones are only counted. */
const byInterest = (stages: readonly LiveStage[]): readonly LiveJob[] => {
  const jobs = stages.flatMap((stage) => stage.jobs);
  // What ended last stands first: a later stage's jobs are the newer.
  const ended = [...jobs].reverse();
  return [
    ...jobs.filter(({ status }) => status === 'running'),
    ...ended.filter(({ status }) => status === 'failed' || status === 'cancelled'),
    ...ended.filter(({ status }) => status === 'done'),
  ];
};

/**
 * A run's progress as at most `rows - 1` lines of at most `columns` characters: a line a stage that has
 * begun, then as many jobs as there is room for, then how many are not shown.
 */
export const progressLayout = (view: LiveView, screen: Screen): readonly string[] => {
  const { metric } = termsOf(view.task);
  const begun = view.stages.filter(({ status }) => status !== 'pending');
  const jobs = begun.flatMap((stage) => stage.jobs);
  const heads = begun.flatMap((stage) => stageLines(stage, metric, screen));
  const room = Math.max(0, screen.rows - 1 - heads.length);
  const interesting = byInterest(begun);
  const fits = interesting.length === jobs.length && jobs.length <= room;
  const shown = interesting.slice(0, fits ? jobs.length : Math.max(0, room - 1));
  const rest = jobs.filter((job) => !shown.includes(job));
  const nameWidth = Math.max(0, ...shown.map(({ jobId }) => jobId.length));
  return [
    ...heads,
    ...shown.map((job) => jobLine(job, metric, nameWidth, screen)),
    ...(rest.length > 0 && room > 0 ? [restLine(rest)] : []),
  ]
    .slice(0, Math.max(1, screen.rows - 1))
    .map((line) => cut(line, screen));
};
