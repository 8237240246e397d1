import { vectorSpace } from './space.ts';
import { vectorManifest } from './task.ts';
import { VECTOR_REGRESSION, vectorTerms } from './terms.ts';
import { beforeAll, describe, expect, it } from 'vitest';
import { collectRunDocuments } from '../../../activities/report/report-documents.ts';
import { randomFromSeed, deriveSeed } from '../../../nas/core/random.ts';
import type { ExperimentInput } from '../../../nas/experiment/experiment.ts';
import { loadExperiment } from '../../../nas/experiment/load-experiment.ts';
import type { RunRecord } from '../../../nas/experiment/run-record.ts';
import type { JobReport, PlannedJob } from '../../../nas/job/job-report.ts';
import type { ProgramResult } from '../../../nas/job/program-result.ts';
import { compareRuns } from '../../../nas/protocol/compare-runs.ts';
import { buildReport } from '../../../nas/report/build-report.ts';
import { renderReport } from '../../../nas/report/render-report.ts';
import { taskOf } from '../../../nas/task/tasks.ts';
import { spaceOf } from '../../../nas/space/spaces.ts';
import { printComparison } from '../../../scripts/runs/print-comparison.ts';
import { printRun } from '../../../scripts/runs/print-run.ts';
import { createDocument } from '../../../store/json-documents.ts';
import { keys } from '../../../store/keys.ts';
import { createMemoryObjectStore } from '../../../store/memory-object-store.ts';
import { cost, details, leaderboard } from '../../../workflows/board.ts';
import { runRecordForTests } from '../../support/run-record.ts';
import { walkRun } from '../walk-run.ts';

const { metric } = vectorTerms;
/** Its own parts of an experiment; what is trained is not the business of this file. */
const own = {
  space: { name: vectorSpace.name },
  strategy: { name: 'random-weight-sharing', candidates: 20, rescore: 5, scoreStatistics: 'batch' },
  task: { kind: VECTOR_REGRESSION, data: 'vectors' },
  stages: {
    search: { seeds: [0, 1] },
    retrain: { topK: 2 },
    evaluate: { seeds: [0, 1] },
  },
} as unknown as Partial<ExperimentInput>;

/** A cell's error, between 1 and 2; more training lowers it a little. */
const errorOf = (genotype: string, seed: number): number =>
  1 +
  randomFromSeed(deriveSeed(1, genotype)).uniform() +
  0.01 * randomFromSeed(deriveSeed(seed, genotype)).uniform();

const resultOf = ({ experiment }: RunRecord, job: PlannedJob): ProgramResult => {
  const spent = { multiplyAdds: 1e9, images: 100 };
  if (job.kind === 'search') {
    const random = randomFromSeed(job.seed);
    const space = spaceOf(experiment.space);
    const candidates = Array.from({ length: 5 }, () => space.sample(random).genotype)
      .map((genotype) => ({ genotype, score: metric.score(errorOf(genotype, job.seed)) }))
      .sort((a, b) => b.score - a.score);
    return { kind: 'search', candidates, curve: [], cost: spent, weightsSha256: 'a'.repeat(64) };
  }
  const evaluatedOn = job.kind === 'evaluate' ? 'test' : 'validation';
  const accuracy = metric.score(errorOf(job.genotype, job.seed));
  return {
    kind: 'train',
    genotype: job.genotype,
    evaluatedOn,
    accuracy,
    loss: -accuracy,
    curve: [{ epoch: 1, step: 1, trainAccuracy: accuracy, validationAccuracy: accuracy }],
    parameters: 4,
    multiplyAdds: 3,
    cost: { ...spent, multiplyAdds: 4e9 },
    weightsSha256: 'b'.repeat(64),
  };
};

const walk = async (runId: string, change: Partial<ExperimentInput> = {}) => {
  const store = createMemoryObjectStore();
  const { ref: manifest } = await createDocument(
    store,
    keys.dataset('vectors'),
    taskOf(VECTOR_REGRESSION as never).manifest,
    vectorManifest(),
  );
  const run: RunRecord = {
    ...runRecordForTests(runId, { ...own, ...change }),
    dataset: { name: 'vectors', manifest },
  };
  return walkRun(
    store,
    run,
    () => ({ parameters: 4, multiplyAdds: 3 }),
    ({ program }, job) => {
      expect(program.data.task).toBe(VECTOR_REGRESSION);
      return resultOf(run, job);
    },
  );
};

let walked: Awaited<ReturnType<typeof walk>>;
beforeAll(async () => {
  walked = await walk('vectors');
});

describe('a run whose metric is better the lower it is', () => {
  it('retrains, chooses and compares the cells of the lowest errors', () => {
    const { retrained, drawn, view } = walked;
    const least = (reports: readonly JobReport[]) =>
      Math.min(...reports.map(({ job }) => errorOf((job as { genotype: string }).genotype, job.seed)));
    expect(drawn.length).toBeGreaterThan(1);
    expect(metric.value(view.winner?.validationAccuracy as number)).toBe(least(retrained));
    expect(metric.value(view.baseline?.validationAccuracy as number)).toBe(least(drawn));
    const [winner, baseline] = [view.winner?.test.mean as number, view.baseline?.test.mean as number];
    expect(Math.sign(view.verdict?.meanDifference as number)).toBe(Math.sign(winner - baseline));
  });

  it('shows values, the lowest as the best', () => {
    const { board, view, retrained } = walked;
    const errors = retrained.map(({ result }) => metric.value(result?.accuracy as number));
    expect(details(board, metric)).toContain(`2/2 jobs, best ${Math.min(...errors).toFixed(4)}`);
    const [first, second] = leaderboard(board).map(({ validationAccuracy }) =>
      metric.value(validationAccuracy),
    );
    expect(first).toBeLessThanOrEqual(second as number);
    const text = printRun(view);
    expect(text).toContain(`test ${metric.value(view.winner?.test.mean as number).toFixed(4)} ±`);
    expect(text).not.toMatch(/\d\.\d+ %|percentage|−1\.\d|-1\.\d/);
  });

  it('has a report in its own words', async () => {
    const { store, run, view } = walked;
    const report = buildReport(await collectRunDocuments(store, run, view, {}));
    const files = await renderReport(report);
    const page = files['report.html'].replace(/<svg[\s\S]*?<\/svg>/g, '');
    const shown = `${files['report.md'].replace(/```[\s\S]*?```/g, '')}${page.replace(/<pre[\s\S]*?<\/pre>/g, '')}`;
    expect(shown).toContain('Stage 3: test mean squared error over training seeds');
    expect(shown).toMatch(
      /search − random: [+−]0\.\d{4} of test mean squared error, paired 95 % interval \[/,
    );
    expect(shown).toContain('re-scored on all validation vectors');
    // Names of figures are the first task's.
    expect(shown.replace(/figures\/[\w-]+\.svg/g, '')).not.toMatch(/accurac|percentage points/i);
    const lowest = report.retrainings.map(({ accuracy }) => metric.value(accuracy));
    expect(lowest).toEqual([...lowest].sort((a, b) => a - b));
  });

  it('says no interval from one seed, and draws none', async () => {
    const { view, store, run } = await walk('single', {
      stages: { search: { seeds: [0, 1] }, retrain: { topK: 2 }, evaluate: { seeds: [0] } },
    });
    expect(view.verdict).toMatchObject({
      kind: 'not-distinguishable',
      interval: [-Number.MAX_VALUE, Number.MAX_VALUE],
    });
    expect(JSON.parse(JSON.stringify(view))).toEqual(view);
    expect(printRun(view)).toContain('95 % interval −∞ to +∞');
    const report = buildReport(await collectRunDocuments(store, run, view, {}));
    const files = await renderReport(report);
    expect(files['report.md']).toContain('paired 95 % interval [−∞, +∞]');
    expect(files['figures/difference.svg']).not.toMatch(/NaN|e\+30/);
  });

  it('is compared with another one by the sign of its errors', () => {
    const { run, view, board } = walked;
    const shifted = {
      ...view,
      runId: 'worse',
      winner: {
        ...view.winner!,
        test: {
          ...view.winner!.test,
          mean: view.winner!.test.mean - 1,
          values: view.winner!.test.values.map((value) => value - 1),
        },
      },
    };
    const comparison = compareRuns(
      { record: run, view, cost: cost(board) },
      { record: { ...run, runId: 'worse' }, view: shifted, cost: cost(board) },
    );
    expect(comparison.test).toMatchObject({ kind: 'first-better', difference: expect.closeTo(1, 9) });
    expect(comparison.test.text).toContain('is better: −1.0000, 95 % interval −1.');
    expect(printComparison(comparison)).toContain(`${metric.format(view.winner!.test.mean)} ±`);
  });
});

describe('what learns from fractions alone', () => {
  const issues = (...overrides: string[]): string => {
    try {
      loadExperiment(
        `name: toy
space: { name: ${vectorSpace.name} }
strategy: { name: random }
task: { kind: ${VECTOR_REGRESSION}, data: toy }
stages: { search: { seeds: [0], evaluations: 24, recipe: { epochs: 16 } }, retrain: { topK: 1 } }
`,
        { file: 'toy.yaml', overrides },
      );
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('is refused, with the scores that there are', () => {
    expect(issues()).toBe('');
    expect(issues('strategy.name=nas-rl')).toMatch(
      /strategy\.name.*"nas-rl".*mean squared error are from −∞ to 0.*cube of an accuracy/s,
    );
    expect(issues('strategy={name: asha, sampler: {name: nas-rl}}')).toMatch(
      /strategy\.sampler\.name.*cube/s,
    );
    expect(issues('stages.search.objective.weights.parameters.target=1e6')).toMatch(
      /objective\.weights.*multiplies a score/s,
    );
    expect(issues('task.kind=image-classification', 'space.name=nas-bench-201', 'strategy.name=nas-rl')).toBe(
      '',
    );
  });
});
