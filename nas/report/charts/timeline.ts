import type { TopLevelSpec } from 'vega-lite';
import { searchOfTrial } from '../../job/trial-job-id.ts';
import type { RunReport } from '../run-report.ts';
import { CHART_CONFIG, COLOURS } from './theme.ts';

const ENDS = ['succeeded', 'reclaimed', 'failed', 'unknown'] as const;

const endOf = (outcome: string | undefined): (typeof ENDS)[number] => {
  if (outcome === undefined || outcome === 'lost') return 'unknown';
  if (outcome === 'succeeded') return 'succeeded';
  return outcome === 'preempted' ? 'reclaimed' : 'failed';
};

/** Height of one job's row, px. */
const ROW = 15;

interface Bar {
  readonly job: string;
  readonly from: number;
  readonly to: number;
  readonly end: (typeof ENDS)[number];
}

/** Bars in the order of their begins; those of one row that succeeded and overlap become one. */
const joined = (bars: readonly Bar[]): readonly Bar[] => {
  const rows = new Map<string, Bar>();
  const kept: Bar[] = [];
  for (const bar of bars) {
    const open = rows.get(bar.job);
    if (bar.end !== 'succeeded') kept.push(bar);
    else if (open === undefined || bar.from > open.to) {
      if (open !== undefined) kept.push(open);
      rows.set(bar.job, bar);
    } else rows.set(bar.job, { ...open, to: Math.max(open.to, bar.to) });
  }
  return [...rows.values(), ...kept];
};

/**
 * Every attempt of every job as a bar over time, so that reclaims and the restarts after them are seen at
 * once. An attempt without last words was killed; its bar ends where the job's next attempt begins. The
 * trials of a search, which may be thousands, share its row.
 */
export const timeline = ({
  attempts,
  stages,
}: Pick<RunReport, 'attempts' | 'stages'>): TopLevelSpec | undefined => {
  const [first] = attempts;
  if (first === undefined) return undefined;
  const origin = Date.parse(first.startedAt);
  const minutes = (iso: string): number => (Date.parse(iso) - origin) / 60_000;
  const bars = attempts.map((attempt): Bar => {
    const next =
      attempt.endedAt === undefined
        ? attempts.find((other) => other.jobId === attempt.jobId && other.epoch > attempt.epoch)
        : undefined;
    const end = attempt.endedAt ?? next?.startedAt ?? attempt.startedAt;
    return {
      job: searchOfTrial(attempt.jobId) ?? attempt.jobId,
      from: minutes(attempt.startedAt),
      to: minutes(end),
      end: next === undefined ? endOf(attempt.outcome) : 'reclaimed',
    };
  });
  const values = joined(bars);
  const order = stages.flatMap((stage) => stage.jobs.map(({ jobId }) => jobId));
  const rows = order.filter((jobId) => values.some(({ job }) => job === jobId));
  const unit = Math.max(...values.map(({ to }) => to)) > 180 ? 'hours' : 'minutes';
  const scale = unit === 'hours' ? 1 / 60 : 1;
  const data = {
    values: values.map((value) => ({ ...value, from: value.from * scale, to: value.to * scale })),
  };
  const y = {
    field: 'job',
    type: 'nominal',
    sort: rows,
    title: null,
    axis: { labelLimit: 0, domain: false, ticks: false, labelFontSize: 10.5 },
  } as const;
  const x = { type: 'quantitative', title: `${unit} since the first job began` } as const;
  const ends = [COLOURS.winner, COLOURS.baseline, COLOURS.bad, COLOURS.muted];
  return {
    config: CHART_CONFIG,
    width: 420,
    height: { step: ROW },
    data,
    layer: [
      {
        mark: { type: 'bar', height: ROW - 5, cornerRadius: 2 },
        encoding: {
          y,
          x: { ...x, field: 'from' },
          x2: { field: 'to' },
          color: {
            field: 'end',
            type: 'nominal',
            title: null,
            scale: { domain: [...ENDS], range: ends },
            legend: { values: ENDS.filter((end) => values.some((value) => value.end === end)) },
          },
        },
      },
      {
        transform: [{ filter: "datum.end === 'reclaimed'" }],
        mark: { type: 'text', text: '✕', dx: 1, fontSize: 11, fontWeight: 'bold', color: COLOURS.ink },
        encoding: { y, x: { ...x, field: 'to' } },
      },
    ],
  };
};
