import { expect, it } from 'vitest';
import type { StageNews } from '../../workflows/contract.ts';
import { details, runView, emptyBoard, withNews, withStageStatus } from '../../workflows/board.ts';
import { DEFAULT_TASK, termsOf } from '../../nas/task/terms.ts';

const { metric } = termsOf();

it('says of a job that crashed why, and how to report it', () => {
  const job = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0 } as const;
  const planned = withNews(emptyBoard(['proxy-search']), {
    kind: 'planned',
    stage: 'proxy-search',
    jobs: [job],
  });
  const report = {
    job,
    outcome: 'crashed',
    error: 'SIGSEGV in train',
    attempts: 3,
    reclaims: 0,
    seconds: 3,
    dollars: 0,
  } as const;
  const board = withNews(planned, { kind: 'ended', stage: 'proxy-search', report });
  expect(runView('run', 'quickstart', DEFAULT_TASK, board).stages[0]?.jobs[0]).toMatchObject({
    status: 'failed',
    outcome: 'crashed',
    error: 'SIGSEGV in train',
    reclaims: 0,
  });
});

it("shows stages, and the operators' newest changes, in the Temporal UI", () => {
  const job = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0 } as const;
  const running = withStageStatus(emptyBoard(['proxy-search', 'evaluate']), 'proxy-search', 'running');
  const board = withNews(running, { kind: 'planned', stage: 'proxy-search', jobs: [job] });
  expect(details(board, metric)).toBe(
    '- **proxy-search** — running: 0/1 jobs\n- **evaluate** — pending: 0/0 jobs',
  );
  const audit = Array.from({ length: 12 }, (_, i) => ({
    at: `2026-01-01T00:00:${String(i).padStart(2, '0')}.123Z`,
    by: 'me@here',
    action: 'edit' as const,
    text: `parallelism → ${i}`,
  }));
  const shown = details({ ...board, status: 'paused', audit }, metric).split('\n');
  expect(shown).toContain('**paused**: parallelism → 11');
  expect(shown.filter((line) => line.includes('edit'))).toHaveLength(10);
  expect(shown.at(-1)).toBe('- 2026-01-01 00:00:11 me@here: edit, parallelism → 11');
});

it('shows why a job waits while it waits, and the first reason for ever', () => {
  const job = { kind: 'search', jobId: 'stage-1/seed-0', seed: 0, by: 'trials' } as const;
  const news: StageNews[] = [
    { kind: 'planned', stage: 'proxy-search', jobs: [job] },
    { kind: 'started', stage: 'proxy-search', jobId: job.jobId },
    { kind: 'waits', jobId: 'stage-1/seed-0/trial-000003', reason: 'CAPACITY: none' },
  ];
  const waiting = news.reduce(
    withNews,
    withStageStatus(emptyBoard(['proxy-search']), 'proxy-search', 'running'),
  );
  const of = (board: typeof waiting) => runView('q', 'q', DEFAULT_TASK, board).stages[0]?.jobs[0];
  expect(of(waiting)).toMatchObject({
    waits: 'trial-000003: CAPACITY: none',
    waited: 'trial-000003: CAPACITY: none',
  });
  expect(details(waiting, metric)).toContain('\n  - stage-1/seed-0 waits: trial-000003: CAPACITY: none');
  const other = withNews(waiting, { kind: 'waits', jobId: 'stage-1/seed-0/trial-000004' });
  expect(of(other)?.waits).toBe('trial-000003: CAPACITY: none');
  const started = withNews(other, { kind: 'waits', jobId: 'stage-1/seed-0/trial-000003' });
  expect(of(started)).not.toHaveProperty('waits');
  expect(of(started)?.waited).toBe('trial-000003: CAPACITY: none');
  expect(details(started, metric)).not.toContain('waits');
});
