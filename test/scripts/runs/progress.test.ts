import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { count, duration, percent, table } from '../../../scripts/runs/format.ts';
import type { LiveJob, LiveView } from '../../../scripts/runs/live-view.ts';
import { printRun } from '../../../scripts/runs/print-run.ts';
import { createBars } from '../../../scripts/runs/progress-bars.ts';
import { createLines } from '../../../scripts/runs/progress-lines.ts';

const job = (change: Partial<LiveJob>): LiveJob => ({
  jobId: 'stage-1/seed-0',
  status: 'running',
  seed: 0,
  attempts: 1,
  reclaims: 0,
  ...change,
});
const view = (...jobs: LiveJob[]): LiveView => ({
  runId: 'run',
  experiment: 'toy',
  status: 'running',
  stages: [
    { name: 'proxy-search', status: 'running', jobs },
    { name: 'retrain-top', status: 'pending', jobs: [] },
    { name: 'evaluate', status: 'pending', jobs: [] },
  ],
});

describe('progress lines', () => {
  it('say each change once', () => {
    const lines: string[] = [];
    const display = createLines((line) => lines.push(line));
    display.show(view(job({ status: 'pending' })));
    display.show(view(job({ step: 1, totalSteps: 10 })));
    display.show(view(job({ step: 2, totalSteps: 10 })));
    display.show(view(job({ reclaims: 1 })));
    display.show({
      ...view(job({ status: 'done', validationAccuracy: 0.5 })),
      rehearsal: { jobId: 'x', reclaims: 1, text: 'Drill.' },
    });
    display.show({
      ...view(job({ status: 'done', validationAccuracy: 0.5 })),
      rehearsal: { jobId: 'x', reclaims: 1, text: 'Drill.' },
    });
    display.close();
    expect(lines).toEqual([
      'proxy-search: running',
      'stage-1/seed-0: running',
      'stage-1/seed-0: running, 1 reclaim',
      'stage-1/seed-0: done, validation 50.00 %',
      'Drill.',
    ]);
  });
});

describe('progress bars', () => {
  it('show stage and job, phase and time left', () => {
    let drawn = '';
    const stream = Object.assign(
      new Writable({
        write: (chunk: Buffer, _, done) => {
          drawn += chunk.toString();
          done();
        },
      }),
      {
        isTTY: true,
        columns: 200,
        rows: 50,
        cursorTo: () => true,
        moveCursor: () => true,
        clearLine: () => true,
        clearScreenDown: () => true,
      },
    ) as unknown as NodeJS.WriteStream;
    const display = createBars(stream);
    display.show(
      view(
        job({ step: 5, totalSteps: 10, phase: 'training', secondsLeft: 65 }),
        job({ jobId: 'stage-1/seed-1', status: 'done', outcome: 'succeeded', validationAccuracy: 0.25 }),
      ),
    );
    display.close();
    expect(drawn).toMatch(/proxy-search\s.*75%.*1\/2 jobs, running jobs end in 1:05/);
    expect(drawn).toMatch(/stage-1\/seed-0\s.*50%.*training, ETA 1:05/);
    expect(drawn).toMatch(/stage-1\/seed-1\s.*100%.*succeeded, val 25\.00 %/);
    expect(drawn).not.toContain('retrain-top');
  });
});

describe('printRun', () => {
  it('puts the verdict and the contenders first', () => {
    const test = { mean: 0.9, sd: 0.01, n: 3, best: 0.91, values: [0.89, 0.9, 0.91] };
    const text = printRun({
      ...view(job({ status: 'done', testAccuracy: 0.9 })),
      status: 'done',
      winner: { genotype: 'G', test, validationAccuracy: 0.88 },
      baseline: { genotype: 'H', test },
      verdict: {
        kind: 'not-distinguishable',
        text: 'not distinguishable from the random cell at n = 3',
        interval: [-0.01, 0.02],
        meanDifference: 0.005,
      },
    });
    const [status, verdict, winner, baseline] = text.split('\n');
    expect(status).toBe('run: done');
    expect(verdict).toBe(
      'not distinguishable from the random cell at n = 3: difference +0.50, 95 % interval -1.00 to +2.00 percentage points',
    );
    expect(winner).toMatch(
      /^winner\s+test 90\.00 % ± 1\.00 % \(n = 3, best 91\.00 %\)\s+validation 88\.00 %\s+G$/,
    );
    expect(baseline).toMatch(/^baseline/);
  });
});

describe('formats', () => {
  it('read as people write', () => {
    expect([0, 59.6, 65, 3725].map(duration)).toEqual(['0:00', '1:00', '1:05', '1:02:05']);
    expect([count(1, 'job'), count(2, 'job')]).toEqual(['1 job', '2 jobs']);
    expect(percent(0.12345)).toBe('12.35 %');
    expect(
      table([
        ['a', 'b'],
        ['ccc', ''],
      ]),
    ).toBe('a    b\nccc');
  });
});
