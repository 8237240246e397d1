import { describe, expect, it } from 'vitest';
import type { JobReport } from '../../nas/job/job-report.ts';
import { loadExperiment } from '../../nas/experiment/load-experiment.ts';
import { programOf, gateJobs } from '../../nas/protocol/plan.ts';
import { judgeGate, sampleForGate } from '../../nas/protocol/proxy-gate.ts';
import type { CountAt, GateCell } from '../../nas/protocol/proxy-gate.ts';
import type { SearchSeed } from '../../nas/protocol/stages.ts';

const TEXT = `name: gated
space: { name: darts-cnn }
strategy: { name: random-weight-sharing, candidates: 20, rescore: 5 }
gate: { cells: 6, epochs: 5, topK: 8, dollars: 3 }
task: { data: toy, validationFraction: 0.5 }
stages:
  search: { seeds: [0, 1] }
  retrain: { topK: 2, network: { channels: 8, layers: 4 }, recipe: { epochs: 100 } }
  evaluate: { seeds: [0, 1], network: { channels: 16, layers: 4 }, recipe: { epochs: 50 } }
resources: { spotDollarsPerHour: 0.9 }
`;
const load = (...overrides: string[]) => loadExperiment(TEXT, { file: 'gated.yaml', overrides });
const { experiment } = load();

/** Candidates a00, a01, … of seed 0 and b00, b01, … of seed 1, best first. */
const seeds = (counts: readonly number[]): SearchSeed[] =>
  counts.map((count, seed) => ({
    seed,
    candidates: Array.from({ length: count }, (_, i) => ({
      genotype: `${'ab'[seed]}${String(i).padStart(2, '0')}`,
      score: 1 - i / 100,
    })),
  }));
const same = (genotype: string): string => genotype;

describe('sampleForGate', () => {
  it('takes the middle of equal stretches of each ranking', () => {
    const sample = sampleForGate(seeds([20, 20]), 7, same);
    expect(sample.map(({ genotype }) => genotype)).toEqual(['a02', 'a07', 'a12', 'a17', 'b03', 'b10', 'b16']);
    expect(sample[0]).toMatchObject({ searchSeed: 0, standing: 1 - 2 / 19 });
  });
  it('takes a network once, the next below it in its place', () => {
    const sample = sampleForGate(seeds([6, 6]), 4, (genotype) => genotype.slice(1));
    expect(sample.map(({ genotype }) => genotype)).toEqual(['a01', 'a04', 'b02', 'b05']);
  });
});

const cells = (standings: readonly number[]): GateCell[] =>
  standings.map((standing, i) => ({ genotype: `g${i}`, hash: `${i}`, searchSeed: 0, standing }));
const reports = (accuracies: readonly (number | undefined)[]): JobReport[] =>
  accuracies.map((accuracy, i) => ({
    job: { kind: 'gate', jobId: `stage-1/gate/cell-${i}`, seed: 0, genotype: `g${i}` },
    outcome: accuracy === undefined ? 'diverged' : 'succeeded',
    attempts: 1,
    reclaims: 0,
    seconds: 60,
    dollars: 0,
    ...(accuracy === undefined
      ? {}
      : {
          result: {
            uri: '',
            sha256: '',
            genotype: `g${i}`,
            accuracy,
            scoredOn: 'validation' as const,
            cost: { multiplyAdds: 1, images: 1 },
          },
        }),
  }));

/** As `task.validationFraction` splits a data set that brings no validation split. */
const HALVED = { train: 50, validation: 50 };

/** Networks whose work grows with the square of the channels; one cannot be built at any size. */
const COUNTED: CountAt = (genotype, { channels }) =>
  genotype === 'g9' ? undefined : { parameters: 1, multiplyAdds: 1000 * (channels as number) ** 2 };

describe('judgeGate', () => {
  it('lets a ranking pass that retraining confirms', () => {
    const order = Array.from({ length: 20 }, (_, i) => 1 - i / 20);
    const view = judgeGate(experiment, HALVED, COUNTED, cells(order), reports([0.8, 0.9, ...order.slice(2)]));
    expect(view.correlation.tau).toBeGreaterThan(0.9);
    expect(view).toMatchObject({ low: false, topK: 2, held: false });
    expect(view.text).toMatch(
      /, 95 % interval \[0\.\d\d, 0\.\d\d\].*surely above 0: stage 2 retrains 2 cells as planned/,
    );
  });

  it('trusts no τ whose interval reaches down to the minimum, however high it is', () => {
    const few = judgeGate(
      experiment,
      HALVED,
      COUNTED,
      cells([1, 0.75, 0.5, 0.25]),
      reports([0.9, 0.8, 0.85, 0.6]),
    );
    expect(few.correlation.tau).toBeCloseTo(4 / 6);
    expect(few.correlation.interval[0]).toBeLessThan(0);
    expect(few).toMatchObject({ low: true, topK: 8 });
    expect(few.text).toContain('not surely above 0');
  });

  it('widens stage 2 and holds stage 3 where retraining contradicts, or says nothing', () => {
    const against = judgeGate(experiment, HALVED, COUNTED, cells([1, 0.5, 0]), reports([0.6, 0.8, 0.9]));
    expect(against).toMatchObject({ low: true, topK: 8, held: true });
    expect(against.text).toMatch(
      /-1\.00.*8 cells instead of 2; stage 3, about \$4\.80, waits for nas resume/,
    );
    const silent = judgeGate(experiment, HALVED, COUNTED, cells([1, 0.5]), reports([0.7, undefined]));
    expect(silent.correlation.tau).toBeUndefined();
    expect(silent).toMatchObject({ low: true, topK: 8 });
    expect(silent.points).toHaveLength(1);
  });

  it('expects of stage 3 what the short trainings took, scaled by epochs, images and size', () => {
    // 60 s for 5 epochs of half the images at C = 8: 2 × 2 trainings of 50 epochs of all images at C = 16.
    const view = judgeGate(experiment, HALVED, COUNTED, cells([1, 0]), reports([0.5, 0.6]));
    expect(view.stage3Dollars).toBeCloseTo((4 * 60 * 10 * 2 * 4 * 0.9) / 3600);
    // A data set that brings a validation split of its own is split by it and not by the fraction.
    const given = judgeGate(
      experiment,
      { train: 80, validation: 20 },
      COUNTED,
      cells([1, 0]),
      reports([0.5, 0.6]),
    );
    expect(given.stage3Dollars).toBeCloseTo((4 * 60 * 10 * 1.25 * 4 * 0.9) / 3600);
    // What is counted decides, not what channels suggest; cells that cannot be built say nothing.
    const linear: CountAt = (genotype, { channels }) =>
      genotype === 'g0' ? undefined : { parameters: 1, multiplyAdds: channels as number };
    const counted = judgeGate(experiment, HALVED, linear, cells([1, 0]), reports([0.5, 0.6]));
    expect(counted.stage3Dollars).toBeCloseTo((4 * 60 * 10 * 2 * 2 * 0.9) / 3600);
    const unpriced = load('resources.spotDollarsPerHour=0', 'gate.dollars=0').experiment;
    expect(
      judgeGate(unpriced, HALVED, COUNTED, cells([1, 0.6, 0.3, 0]), reports([0.1, 0.2, 0.3, 0.4])).text,
    ).toMatch(/stage 3, whose price is unknown .*, waits for nas resume/);
    const dear = load('gate.dollars=100').experiment;
    expect(judgeGate(dear, HALVED, COUNTED, cells([1, 0]), reports([0.5, 0.6]))).toMatchObject({
      low: true,
      held: false,
    });
  });
});

describe('an experiment with a gate', () => {
  it('trains the sample by stage 2’s recipe for fewer epochs', () => {
    const [job] = gateJobs(experiment, cells([1]));
    expect(job).toMatchObject({ kind: 'gate', jobId: 'stage-1/gate/cell-0' });
    expect(programOf(experiment, job!)).toMatchObject({
      kind: 'train-network',
      recipe: { ...experiment.stages.retrain.recipe, epochs: 5 },
      evaluateOn: 'validation',
    });
  });

  it.each([
    ['more cells than are ranked', ['gate.cells=50'], /gate\.cells: 50.*at most the 40/],
    ['a choice that does not widen', ['gate.topK=1'], /gate\.topK: 1.*from stages\.retrain\.topK = 2/],
    [
      'a search that ranks nothing',
      ['strategy={name: darts}', 'stages.retrain.topK=1'],
      /gate: "darts".*rank many cells/,
    ],
  ])('refuses %s', (_, overrides, message) => {
    expect(() => load(...overrides)).toThrow(message);
  });
});
