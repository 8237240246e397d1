import type { Tf } from '../../nas/training/graph/tensor.ts';

/** Computes something in host memory and frees the tensors that were made on the way. */
export const hosted = <T>(tf: Tf, compute: () => T): T => {
  tf.engine().startScope();
  try {
    return compute();
  } finally {
    tf.engine().endScope();
  }
};
