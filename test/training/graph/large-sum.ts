import { loadTensorFlow } from '../../../containers/trainer/tensorflow.ts';
import { compileGraph } from '../../../nas/training/graph/compile.ts';
import { sha256 } from '../../../nas/core/hash.ts';
import { randomFromSeed } from '../../../nas/core/random.ts';

// A sum of eight large terms of different size, in float32: its last bits depend on the order of addition.
// Prints a hash of the sum for each of three inputs.
const TERMS = 8;
const SIZE = 8 * 2 ** 20;

const { tf } = loadTensorFlow({ threads: 1 });
const graph = await compileGraph(tf, {
  variables: {},
  functions: {
    sum: {
      inputs: { x: { shape: [SIZE], dtype: 'float32' } },
      body: (_, { x }) => {
        const terms = Array.from({ length: TERMS }, (_, i) => tf.sin(tf.mul(x!, 1.7 ** i)));
        return { outputs: { y: tf.addN(terms) } };
      },
    },
  },
});
for (const seed of [1, 2, 3]) {
  const random = randomFromSeed(seed);
  const few = Float32Array.from({ length: 1024 }, () => random.normal());
  const data = new Float32Array(SIZE);
  for (let i = 0; i < SIZE; i += few.length) data.set(few, i);
  const { y } = graph.call('sum', { x: { dtype: 'float32', shape: [SIZE], data } });
  process.stdout.write(`${sha256(new Uint8Array(y!.data.buffer))}\n`);
}
graph.dispose();
process.exit(0);
