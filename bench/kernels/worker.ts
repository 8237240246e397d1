import { writeSync } from 'node:fs';
import { loadTensorFlow } from '../../containers/trainer/tensorflow.ts';
import { randomFromSeed } from '../../nas/core/random.ts';
import { compileGraphSync, type FunctionSpec } from '../../nas/training/graph/compile.ts';
import type { HostTensor } from '../../nas/training/program.ts';
import { toTensor, type Tensor } from '../../nas/training/graph/tensor.ts';
import { casesOf, isSuite } from './cases.ts';
import type { KernelCase } from './case.ts';
import { elements, type Plain } from './plain.ts';

/**
 * The child of a sweep: `worker.ts SUITE MODE REPEATS INDEX…` runs these cases of the suite. It writes a line
 * `start INDEX` before each case, by a system call of its own, so that the line is there whatever happens
 * then; `differs INDEX TEXT` after a wrong value; `done` at the end.
 */
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

/** Arguments before the indices. */
const OWN_ARGUMENTS = 3;
const [suite = '', mode = '', repeats = '1'] = process.argv.slice(2);
const indices = process.argv.slice(2 + OWN_ARGUMENTS).map(Number);
if (!isSuite(suite)) throw new Error(`suite ${suite}`);

const { tf } = loadTensorFlow({ threads: 1 });
const cases = casesOf(suite);

/** Values of an input or of an output's gradient; the same for a case in every process. */
const draw = (shape: readonly number[], seed: number, positive: boolean): HostTensor => {
  const random = randomFromSeed(seed);
  const data = Float32Array.from({ length: elements(shape) }, () =>
    positive ? 0.5 + random.uniform() : random.normal(),
  );
  return { dtype: 'float32', shape, data };
};
const plainOf = ({ shape, data }: HostTensor): Plain => ({ shape, data: Float64Array.from(data) });

/** What is wrong with a value, if anything is. */
const difference = (
  what: string,
  actual: HostTensor,
  expected: Plain,
  tolerance: number,
): string | undefined => {
  if (actual.shape.join() !== expected.shape.join())
    return `${what}: shape ${actual.shape.join('×')}, not ${expected.shape.join('×')}`;
  // Terms are of the order of one: where they cancel, the rounding of their sum does not become smaller with
  // it.
  let scale = 0.3;
  for (const value of expected.data) scale = Math.max(scale, Math.abs(value));
  let largest = 0;
  for (let i = 0; i < expected.data.length; i++) {
    const error = Math.abs((actual.data[i] as number) - (expected.data[i] as number)) / scale;
    // A NaN is larger than everything here.
    if (!(error <= largest)) largest = error;
    if (Number.isNaN(error)) break;
  }
  return largest <= tolerance
    ? undefined
    : `${what}: differs by ${largest.toExponential(1)} of the largest value`;
};

/** The output and, where one flows, the gradients of Σ y · dy. */
const valueAndGradients = (kernel: KernelCase, inputs: readonly Tensor[], dy: Tensor): Tensor[] => [
  kernel.product(tf, inputs),
  ...(kernel.gradients === undefined
    ? []
    : tf.grads((...xs: Tensor[]) => kernel.product(tf, xs))([...inputs], dy)),
];

type Run = (kernel: KernelCase, inputs: readonly HostTensor[], dy: HostTensor) => HostTensor[];

const host = (tensor: Tensor): HostTensor => ({
  dtype: 'float32',
  shape: tensor.shape,
  data: Float32Array.from(tensor.dataSync()),
});

const eager: Run = (kernel, inputs, dy) => {
  let results: HostTensor[] = [];
  tf.tidy(() => {
    const tensors = inputs.map((input) => toTensor(tf, input));
    results = valueAndGradients(kernel, tensors, toTensor(tf, dy)).map(host);
  });
  return results;
};

/** As a step is: recorded, and run as one graph. */
const compiled: Run = (kernel, inputs, dy) => {
  const named = Object.fromEntries([...inputs, dy].map((input, i) => [`x${i}`, input]));
  const spec: FunctionSpec = {
    inputs: Object.fromEntries(
      Object.entries(named).map(([name, { shape }]) => [name, { shape, dtype: 'float32' as const }]),
    ),
    body: (_vars, given) => {
      const tensors = Object.values(given) as Tensor[];
      const outputs = valueAndGradients(kernel, tensors.slice(0, -1), tensors.at(-1) as Tensor);
      return { outputs: Object.fromEntries(outputs.map((output, i) => [`y${i}`, output])) };
    },
  };
  const graph = compileGraphSync(tf, { variables: {}, functions: { run: spec } });
  try {
    return Object.values(graph.call('run', named));
  } finally {
    graph.dispose();
  }
};

const run = mode === 'compiled' ? compiled : eager;
for (const index of indices) {
  const kernel = cases[index];
  if (kernel === undefined) throw new Error(`case ${index} of ${cases.length}`);
  say(`start ${index}`);
  const inputs = kernel.inputs.map((shape, i) => draw(shape, 10 * index + i, kernel.positive === true));
  const plain = inputs.map(plainOf);
  const value = kernel.plain(plain);
  const dy = draw(value.shape, 10 * index + 9, false);
  const expected = [value, ...(kernel.gradients?.(plain, plainOf(dy)) ?? [])];
  for (let i = 0; i < Number(repeats); i++) {
    const results = run(kernel, inputs, dy);
    const wrong = results
      .map((result, k) =>
        difference(
          k === 0 ? 'value' : `gradient of input ${k}`,
          result,
          expected[k] as Plain,
          kernel.tolerance,
        ),
      )
      .find((text) => text !== undefined);
    if (wrong !== undefined) {
      say(`differs ${index} ${wrong}`);
      break;
    }
  }
}
say('done');
