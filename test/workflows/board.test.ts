import { expect, it } from 'vitest';
import { details, runView, emptyBoard, withNews, withStageStatus } from '../../workflows/board.ts';

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
  expect(runView('run', 'quickstart', board).stages[0]?.jobs[0]).toMatchObject({
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
  expect(details(board)).toBe('- **proxy-search** — running: 0/1 jobs\n- **evaluate** — pending: 0/0 jobs');
  const audit = Array.from({ length: 12 }, (_, i) => ({
    at: `2026-01-01T00:00:${String(i).padStart(2, '0')}.123Z`,
    by: 'me@here',
    action: 'edit' as const,
    text: `parallelism → ${i}`,
  }));
  const shown = details({ ...board, status: 'paused', audit }).split('\n');
  expect(shown).toContain('**paused**: parallelism → 11');
  expect(shown.filter((line) => line.includes('edit'))).toHaveLength(10);
  expect(shown.at(-1)).toBe('- 2026-01-01 00:00:11 me@here: edit, parallelism → 11');
});
