import { describe, expect, it } from 'vitest';
import { observeNative } from '../../containers/trainer/native-operations.ts';
import { loadTensorFlow } from '../../containers/trainer/tensorflow.ts';
import { compileGraph } from '../../nas/training/graph/compile.ts';

const { tf } = loadTensorFlow({ threads: 1 });

describe('the native operations of a program', () => {
  it('are named while it is recorded, kernel by kernel, and by function once it runs', async () => {
    const begun: string[] = [];
    const observed = observeNative(tf, (operation) => begun.push(operation));
    const image = { shape: [1, 4, 4, 1], dtype: 'float32' } as const;
    const program = await observed(() =>
      compileGraph(tf, {
        variables: {},
        functions: {
          pool: {
            inputs: { image },
            body: (_, { image: x }) => ({
              outputs: { pooled: tf.maxPool(tf.add(x as never, 1) as never, 2, 2, 'same') },
            }),
          },
        },
      }),
    );
    expect(begun).toEqual(['record the program', 'record the program: MaxPool', 'load graph 1']);
    program.call('pool', { image: { ...image, data: new Float32Array(16) } });
    tf.matMul(tf.ones([2, 2]), tf.ones([2, 2]));
    expect(begun.slice(3)).toEqual(['pool (graph 1)']);
  });
});
