import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { examplesOf } from '../../../nas/core/cut.ts';
import type { TrainNetworkSpec } from '../../../nas/job/program-spec.ts';
import type { TrainResult } from '../../../nas/job/program-result.ts';
import type { Snapshot, TrainingProgram } from '../../../nas/training/program.ts';
import { fingerprint } from '../../../nas/training/programs/fingerprint.ts';
import { passesOf } from '../../../nas/training/programs/passes.ts';
import { createProgram } from '../../../nas/training/programs/program-table.ts';
import { expectExactResume, expectNoLeak, finish, walk, type Walk } from '../../training/programs/walk.ts';
import { symbolData } from './data.ts';
import { choicesOf, NODES } from './space.ts';
import { trainingOf } from './specs.ts';
import { ALPHABET } from './task.ts';
import { EVALUATED_COLUMNS, symbolWindows } from './windows.ts';
import { symbolTerms } from './terms.ts';

const { tf } = loadTensorFlow({ threads: 1 });
const { metric } = symbolTerms;

const programs: TrainingProgram[] = [];
const create = async (
  spec: TrainNetworkSpec = trainingOf(),
  data = symbolData(),
): Promise<TrainingProgram> => {
  const program = await createProgram(spec, { tf, data });
  programs.push(program);
  return program;
};
afterAll(() => programs.forEach((program) => program.dispose()));

type Matrix = readonly (readonly number[])[];

/** The validation part in one go, in plain numbers: mean loss of a chain of those weights. */
const plainLoss = async (tensors: Snapshot['tensors'], genotype: string): Promise<number> => {
  const matrix = (name: string): Matrix => {
    const { shape, data } = tensors[`weights/${name}`] as Snapshot['tensors'][string];
    const [rows, columns] = shape as [number, number];
    return Array.from({ length: rows }, (_, r) => Array.from(data.slice(r * columns, (r + 1) * columns)));
  };
  const times = (vector: readonly number[], m: Matrix): number[] =>
    (m[0] as readonly number[]).map((_, k) =>
      vector.reduce((sum, v, i) => sum + v * (m[i]?.[k] as number), 0),
    );
  const activations = choicesOf(genotype).map((choice) =>
    choice === 0 ? Math.tanh : (a: number) => Math.max(0, a),
  );
  const data = symbolData();
  const symbols = await data.read('validation');
  const rows = Math.floor(symbols.length / EVALUATED_COLUMNS);
  let [loss, count] = [0, 0];
  for (let column = 0; column < EVALUATED_COLUMNS; column++) {
    let state: number[] = Array<number>(6).fill(0);
    for (let t = 0; t < rows - 1; t++) {
      const embedded = matrix('embedding')[symbols[column * rows + t] as number] as readonly number[];
      const recurrent = times(state, matrix('recurrent'));
      let node = embedded.map((e, i) => activations[0]!(e + (recurrent[i] as number)));
      for (let i = 1; i < NODES; i++) node = times(node, matrix(`node${i}`)).map((a) => activations[i]!(a));
      state = node;
      const logits = times(state, matrix('decoder'));
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      loss += Math.log(total) - (logits[symbols[column * rows + t + 1] as number] as number);
      count += 1;
    }
  }
  expect(count).toBe(2 * 32);
  return loss / count;
};

let whole: Walk<TrainResult>;
beforeAll(async () => {
  whole = await walk<TrainResult>(await create());
}, 240_000);

describe('a network that carries a state', () => {
  it('is trained on windows of two lengths: its perplexity falls below that of chance', () => {
    const { result, phases } = whole;
    const values = result.curve.map(({ validationAccuracy }) => metric.value(validationAccuracy as number));
    expect(values).toHaveLength(3);
    expect(values.at(-1)).toBeLessThan(values[0] as number);
    expect(values.at(-1)).toBeLessThan(ALPHABET);
    expect(metric.value(result.accuracy)).toBeCloseTo(Math.exp(result.loss), 6);
    // As many steps an epoch as its windows are.
    const cuts = symbolWindows(symbolData().counts, 4, 3);
    const windows = cuts.training('train', 'data');
    const steps = [0, 1, 2].map((epoch) => windows.steps(epoch));
    expect(new Set(steps).size).toBeGreaterThan(1);
    expect(phases.filter((phase) => phase === 'training')).toHaveLength(steps.reduce((a, b) => a + b, 0));
    expect(result.curve.map(({ step }) => step)).toEqual(
      steps.map((_, epoch) => steps.slice(0, epoch + 1).reduce((a, b) => a + b, 0)),
    );
    const lengths = new Set(
      Array.from({ length: steps[0] as number }, (_, index) => windows.window(0, index).length),
    );
    expect([...lengths].sort()).toEqual([3, 5]);
  });

  it('costs what is foreseen of it, in symbols', () => {
    const cuts = symbolWindows(symbolData().counts, 4, 3);
    const { trained, scored } = passesOf(trainingOf(), cuts);
    expect(whole.result.cost.images).toBe(trained + scored);
    expect(scored).toBe(3 * examplesOf(cuts.inOrder('validation'), 0));
    expect(whole.result.cost.multiplyAdds).toBe((3 * trained + scored) * whole.result.multiplyAdds);
  });

  it('is evaluated as if its windows were one: the state goes from each to the next', async () => {
    const last = whole.snapshots.at(-1) as Snapshot;
    expect(await plainLoss(last.tensors, 'ttrt')).toBeCloseTo(whole.result.loss, 4);
  });

  it('continues bit for bit from within epochs and evaluations', async () => {
    const { phases } = whole;
    const evaluating = phases.indexOf('evaluating');
    await expectExactResume(() => create(), whole, [0, 4, evaluating, evaluating + 3, phases.length - 3]);
  });

  it('has its state in checkpoints and receipts, and not in what it is known by', async () => {
    const middle = whole.snapshots[4] as Snapshot;
    const carried = Object.keys(middle.tensors).filter((name) => name.startsWith('carried/'));
    expect(carried.sort()).toEqual(['carried/data/state', 'carried/validation/state']);
    expect(middle.tensors['carried/data/state']?.data.some((value) => value !== 0)).toBe(true);
    expect(Object.keys(fingerprint(middle))).toContain('carried');
    const forgetful = await create();
    const { 'carried/data/state': state, ...rest } = middle.tensors;
    const zero = { ...(state as NonNullable<typeof state>), data: new Float32Array(state?.data.length ?? 0) };
    forgetful.restore({ ...middle, tensors: { ...rest, 'carried/data/state': zero } });
    const { weightsSha256 } = await finish<TrainResult>(forgetful);
    expect(weightsSha256).not.toBe(whole.result.weightsSha256);
    // After the last step nothing reads it any more.
    const last = whole.snapshots.at(-1) as Snapshot;
    const other = await create();
    other.restore({ ...last, tensors: { ...last.tensors, 'carried/data/state': zero } });
    expect((other.result() as TrainResult).weightsSha256).toBe(whole.result.weightsSha256);
  });

  it('moves by the learning rate times the share of the longest window', async () => {
    const spec = trainingOf(
      {},
      {
        schedule: { kind: 'constant' },
        optimizer: { kind: 'sgd', learningRate: 0.1, momentum: 0 },
        clipNorm: 1e-3,
      },
    );
    const program = await create(spec);
    const windows = symbolWindows(symbolData().counts, 4, 3).training('train', 'data');
    const norms = new Map<number, number>();
    for (let index = 0; index < windows.steps(0); index++) {
      const before = program.snapshot().tensors;
      await program.advance();
      const after = program.snapshot().tensors;
      const moved = Object.keys(before)
        .filter((name) => name.startsWith('weights/'))
        .flatMap((name) =>
          Array.from(after[name]?.data ?? [], (value, i) => value - (before[name]?.data[i] as number)),
        );
      norms.set(windows.window(0, index).length, Math.hypot(...moved));
    }
    // Gradients are clipped to one norm, so that steps are as long as their learning rates.
    expect((norms.get(3) as number) / (norms.get(5) as number)).toBeCloseTo(3 / 5, 2);
  });

  it('keeps no tensor from step to step', async () => {
    await expectNoLeak(tf, await create(), whole.snapshots[0] as Snapshot);
  });

  it('in stage 3 is validated after every epoch, and reads the test split once, last', async () => {
    const data = symbolData();
    const spec = trainingOf({ evaluateOn: 'test' });
    const { result, phases, snapshots } = await walk<TrainResult>(await create(spec, data));
    expect(data.opened).toEqual(['train', 'validation', 'test']);
    expect(result.evaluatedOn).toBe('test');
    expect(result.curve.every(({ validationAccuracy }) => validationAccuracy !== undefined)).toBe(true);
    expect(phases.filter((phase) => phase === 'validating')).toHaveLength(3 * 7);
    expect(phases.slice(-8)).toEqual([...Array<string>(7).fill('evaluating'), 'done']);
    // Validation is that of stage 2, and the score that of the test split alone.
    expect(result.curve).toEqual(whole.result.curve);
    expect(metric.value(result.accuracy)).toBeCloseTo(Math.exp(result.loss), 6);
    await expectExactResume(() => create(spec), { snapshots, phases, result }, [
      phases.indexOf('validating') + 2,
    ]);
  });
});
