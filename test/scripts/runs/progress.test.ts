import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { count, duration, percent, table } from '../../../scripts/runs/format.ts';
import type { LiveJob, LiveView } from '../../../scripts/runs/live-view.ts';
import { printRun } from '../../../scripts/runs/print-run.ts';
import { progressLayout } from '../../../scripts/runs/progress-layout.ts';
import { createLines } from '../../../scripts/runs/progress-lines.ts';
import { createScreen } from '../../../scripts/runs/progress-screen.ts';

const job = (change: Partial<LiveJob>): LiveJob => ({
  jobId: 'stage-1/seed-0',
  kind: 'search',
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
    display.show(view(job({ step: 2, totalSteps: 10, trials: 2, bestAccuracy: 0.4 })));
    display.show(view(job({ step: 3, totalSteps: 10, trials: 3, bestAccuracy: 0.4 })));
    display.show(view(job({ step: 4, totalSteps: 10, trials: 4, bestAccuracy: 0.5 })));
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
      'stage-1/seed-0: best validation 40.00 % after 2/10 trials',
      'stage-1/seed-0: best validation 50.00 % after 4/10 trials',
      'stage-1/seed-0: running, 1 reclaim',
      'stage-1/seed-0: done, validation 50.00 %',
      'Drill.',
    ]);
    // eslint-disable-next-line no-control-regex
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f]/);
  });
});

const stageOf = (name: LiveView['stages'][number]['name'], ...jobs: LiveJob[]) => ({
  name,
  status: 'running' as const,
  jobs,
});
/** A run in stage 3 with 120 jobs: 5 run, 60 are done, 2 failed, the others wait. */
const large = (): LiveView => ({
  ...view(),
  stages: [
    stageOf('proxy-search', job({ status: 'done', outcome: 'succeeded', validationAccuracy: 0.71 })),
    stageOf('retrain-top', job({ jobId: 'stage-2/cell-12ab34cd', status: 'done', validationAccuracy: 0.9 })),
    stageOf(
      'evaluate',
      ...Array.from({ length: 120 }, (_, seed) =>
        job({
          jobId: `stage-3/baseline/seed-${seed}`,
          ...(seed < 60
            ? { status: 'done', testAccuracy: 0.9 }
            : seed < 62
              ? { status: 'failed', outcome: 'diverged' }
              : seed < 67
                ? { status: 'running', step: 5, totalSteps: 10, phase: 'training', secondsLeft: 65 }
                : { status: 'pending' }),
        }),
      ),
    ),
  ],
});

describe('the layout of progress', () => {
  it('shows stage and job, phase and time left', () => {
    const lines = progressLayout(
      view(
        job({
          step: 5,
          totalSteps: 10,
          phase: 'training',
          secondsLeft: 65,
          trainingEpoch: 3,
          bestAccuracy: 0.5,
        }),
        job({ jobId: 'stage-1/seed-1', status: 'done', outcome: 'succeeded', validationAccuracy: 0.25 }),
      ),
      { columns: 120, rows: 40 },
    );
    expect(lines).toEqual([
      'proxy-search █████████░░░  75 %  1/2 jobs, best validation 50.00 %, running jobs end in 1:05',
      '  stage-1/seed-0 ██████░░░░░░  50 %  1:05 left, training, epoch 3, best 50.00 %',
      '  stage-1/seed-1 ████████████ 100 %  succeeded, validation 25.00 %',
    ]);
  });

  it('says how many trials a search has, and the best of them', () => {
    const search = job({
      trials: 45,
      step: 45,
      totalSteps: 120,
      phase: '8 trials in flight',
      bestAccuracy: 0.71234,
    });
    const wide = progressLayout(view(search), { columns: 120, rows: 24 });
    expect(wide[0]).toContain('0/1 job, 45/120 trials, best validation 71.23 %');
    expect(progressLayout(view(search), { columns: 58, rows: 24 })).toEqual([
      'proxy-search █████░░░░░░░  37 %  0/1 job',
      '  45/120 trials, best validation 71.23 %',
      '  stage-1/seed-0  37 %  8 trials in flight, best 71.23 %',
    ]);
    const { bestAccuracy: _, ...weighted } = search;
    expect(
      progressLayout(view({ ...weighted, bestScore: 0.123456 }), { columns: 120, rows: 24 })[0],
    ).toContain('best score 0.1235');
  });

  it('tells no test accuracy before a run is over but that of each job', () => {
    const [, , head = ''] = progressLayout(large(), { columns: 200, rows: 24 });
    expect(head).toContain('evaluate');
    expect(head).not.toContain('90.00');
  });

  it('keeps what runs and what failed in sight, and counts the rest', () => {
    const lines = progressLayout(large(), { columns: 58, rows: 24 });
    expect(lines).toHaveLength(23);
    for (let seed = 62; seed < 67; seed++) expect(lines.join('\n')).toContain(`baseline/seed-${seed} `);
    for (let seed = 60; seed < 62; seed++)
      expect(lines.join('\n')).toMatch(new RegExp(`seed-${seed} .*diverged`));
    const more = /^ {2}and (\d+) more jobs: 53 waiting, (\d+) done$/.exec(lines.at(-1) ?? '');
    const jobLines = lines.filter((line) => /^ {2}stage-/.test(line));
    expect(Number(more?.[1])).toBe(122 - jobLines.length);
    expect(Number(more?.[2])).toBe(Number(more?.[1]) - 53);
  });

  it.each([
    [58, 24],
    [80, 24],
    [120, 40],
    [20, 6],
    [10, 3],
    [58, 2],
    [1, 1],
  ])('fits %i columns and %i rows', (columns, rows) => {
    for (const shown of [large(), view(), view(job({}))]) {
      const lines = progressLayout(shown, { columns, rows });
      expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
      for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(columns);
    }
  });
});

/** A terminal that keeps what is on it: enough of one for what the display writes. */
const terminal = (columns: number, rows: number) => {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  let codes = '';
  const put = (character: string): void => {
    if (character === '\n') {
      row++;
      column = 0;
      lines[row] ??= '';
      return;
    }
    lines[row] =
      `${(lines[row] ?? '').slice(0, column).padEnd(column)}${character}${(lines[row] ?? '').slice(column + 1)}`;
    column++;
  };
  const control = (parameter: string, letter: string): void => {
    const n = Number(parameter || 1);
    if (letter === 'A') row = Math.max(0, row - n);
    else if (letter === 'B') row += n;
    else if (letter === 'G') column = n - 1;
    else if (letter === 'K')
      lines[row] =
        parameter === '2'
          ? ''
          : parameter === '1'
            ? (lines[row] ?? '').slice(column)
            : (lines[row] ?? '').slice(0, column);
    else if (letter === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column));
    else codes += letter;
  };
  const stream = Object.assign(
    new Writable({
      decodeStrings: false,
      write: (chunk: string, _, done) => {
        // eslint-disable-next-line no-control-regex
        for (const [all, parameter, letter] of chunk.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[\s\S]/gu))
          if (letter === undefined) put(all);
          else control(parameter ?? '', letter);
        done();
      },
    }),
    { isTTY: true, columns, rows },
  ) as unknown as NodeJS.WriteStream;
  return {
    stream,
    /** The window's content. */
    text: () =>
      lines
        .map((line) => line.trimEnd())
        .join('\n')
        .trimEnd(),
    codes: () => codes,
    /** As terminals do: lines that are too long for the new width go on in the next row. */
    resize: (width: number, height: number) => {
      const wrapped = lines
        .slice(0, -1)
        .flatMap((line) => line.match(new RegExp(`.{1,${width}}`, 'gu')) ?? ['']);
      lines.splice(0, lines.length, ...wrapped, '');
      row = lines.length - 1;
      column = 0;
      Object.assign(stream, { columns: width, rows: height });
      stream.emit('resize');
    },
  };
};

describe('progress on a terminal', () => {
  it('is redrawn in place, and nothing of an earlier drawing stays', () => {
    const { stream, text } = terminal(58, 24);
    const display = createScreen(stream);
    display.show(large());
    expect(text()).toBe(progressLayout(large(), { columns: 58, rows: 24 }).join('\n'));
    const later = view(job({ step: 9, totalSteps: 10, phase: 'training' }));
    display.show(later);
    display.show(view(job({ status: 'done', validationAccuracy: 0.5 })));
    display.close();
    expect(text()).toBe(
      progressLayout(view(job({ status: 'done', validationAccuracy: 0.5 })), { columns: 58, rows: 24 }).join(
        '\n',
      ),
    );
  });

  it('leaves what is said above it', () => {
    const { stream, text } = terminal(80, 24);
    const display = createScreen(stream);
    display.show(view(job({})));
    display.say('no answer, trying again');
    display.show(view(job({ step: 1, totalSteps: 2 })));
    display.close();
    expect(text()).toMatch(/^no answer, trying again\nproxy-search .*\n {2}stage-1\/seed-0 .*50 %/);
  });

  it.each([
    [120, 58],
    [58, 120],
    [120, 31],
  ])('is drawn anew when the window goes from %i to %i columns', (before, after) => {
    const { stream, text, resize } = terminal(before, 40);
    const display = createScreen(stream);
    const seen = view(
      ...[0, 1, 2, 3].map((seed) =>
        job({ jobId: `stage-1/seed-${seed}`, phase: 'training', secondsLeft: 65, bestAccuracy: 0.5 }),
      ),
    );
    display.show(seen);
    resize(after, 40);
    expect(text()).toBe(progressLayout(seen, { columns: after, rows: 40 }).join('\n'));
    display.close();
  });

  it('has no colours', () => {
    const { stream, codes } = terminal(80, 24);
    const display = createScreen(stream);
    display.show(large());
    display.close();
    expect(codes()).not.toContain('m');
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
      'not distinguishable from the random cell at n = 3: difference +0.50, 95 % interval −1.00 to +2.00 percentage points',
    );
    expect(winner).toMatch(
      /^winner\s+test 90\.00 % ± 1\.00 % \(n = 3, best 91\.00 %\)\s+validation 88\.00 %\s+G$/,
    );
    expect(baseline).toMatch(/^baseline/);
  });
});

describe('a job that waits or has crashed', () => {
  const waits = { waitsSince: '2026-01-01T00:00:00.000Z', waits: 'Batch does not tell: not authorized' };

  it('is told of by status and by lines, and no more when it is over', () => {
    const waiting = view(job(waits));
    expect(printRun(waiting)).toContain(
      'stage-1/seed-0 waits since 2026-01-01 00:00:00: Batch does not tell: not authorized',
    );
    const said: string[] = [];
    const lines = createLines((line) => said.push(line));
    lines.show(waiting);
    lines.show(view(job({})));
    expect(said.filter((line) => line.includes('waits'))).toHaveLength(1);
    expect(said.at(-1)).toBe('stage-1/seed-0: running');
  });

  it('says that it crashed, and how to report it', () => {
    const error = 'SIGSEGV in train-network: train (graph 1). To report it, attach s3://b/crash.json';
    const text = printRun(view(job({ status: 'failed', outcome: 'crashed', error })));
    expect(text).toContain('failed (crashed)');
    expect(text).toContain(`stage-1/seed-0: ${error}`);
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
