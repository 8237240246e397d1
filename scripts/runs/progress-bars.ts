import { MultiBar, Presets } from 'cli-progress';
import type { SingleBar } from 'cli-progress';
import { count, duration, percent } from './format.ts';
import type { LiveJob, LiveStage } from './live-view.ts';
import type { ProgressDisplay } from './watch-run.ts';

const note = (job: LiveJob): string => {
  const parts = [
    job.waits === undefined ? '' : `waits: ${job.waits}`,
    job.status === 'running' ? (job.phase ?? 'starting') : (job.outcome ?? job.status),
    job.testAccuracy === undefined ? '' : `test ${percent(job.testAccuracy)}`,
    job.validationAccuracy === undefined ? '' : `val ${percent(job.validationAccuracy)}`,
    job.reclaims === 0 ? '' : count(job.reclaims, 'reclaim'),
    job.status === 'running' && job.secondsLeft !== undefined ? `ETA ${duration(job.secondsLeft)}` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
};

/** Done fraction of a job; one that ended is whole whatever its outcome. */
const fraction = (job: LiveJob): number => {
  if (job.status === 'pending') return 0;
  if (job.status !== 'running') return 1;
  return job.totalSteps === undefined || job.totalSteps === 0 ? 0 : (job.step ?? 0) / job.totalSteps;
};

const stageNote = (stage: LiveStage): string => {
  const ended = stage.jobs.filter((job) => job.status !== 'pending' && job.status !== 'running').length;
  const left = stage.jobs.flatMap((job) => job.secondsLeft ?? []);
  const eta = left.length === 0 ? '' : `, running jobs end in ${duration(Math.max(...left))}`;
  return `${ended}/${count(stage.jobs.length, 'job')}${eta}`;
};

/** For terminals: one bar a stage and one a job, redrawn in place. */
export const createBars = (stream: NodeJS.WriteStream): ProgressDisplay => {
  const bars = new MultiBar(
    {
      stream,
      format: '{name} {bar} {percentage}% {note}',
      hideCursor: true,
      clearOnComplete: false,
      stopOnComplete: false,
      barsize: 24,
    },
    Presets.shades_classic,
  );
  const byName = new Map<string, SingleBar>();
  const draw = (name: string, value: number, text: string): void => {
    const payload = { name: name.padEnd(32), note: text };
    const known = byName.get(name);
    if (known === undefined) byName.set(name, bars.create(100, Math.floor(100 * value), payload));
    else known.update(Math.floor(100 * value), payload);
  };
  let gate: string | undefined;
  return {
    show: (view) => {
      if (view.gate !== undefined && gate === undefined) bars.log(`${(gate = view.gate.text)}\n`);
      for (const stage of view.stages) {
        if (stage.status === 'pending') continue;
        const done = stage.jobs.reduce((sum, job) => sum + fraction(job), 0);
        draw(stage.name, stage.jobs.length === 0 ? 0 : done / stage.jobs.length, stageNote(stage));
        for (const job of stage.jobs) draw(`  ${job.jobId}`, fraction(job), note(job));
      }
      bars.update();
    },
    say: (line) => bars.log(`${line}\n`),
    close: () => bars.stop(),
  };
};
