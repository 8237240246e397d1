import type { TensorSpec } from '../graph/record.ts';
import { mapValues, prefixed } from '../graph/variable-groups.ts';
import type { Mixture } from './tensor-task.ts';

/** The inputs of a mixture's model: the weights of each kind of cell, [edges, operations], as `edges/<kind>`. */
export const mixtureInputs = ({
  kinds,
  operations,
}: Pick<Mixture, 'kinds' | 'operations'>): Readonly<Record<string, TensorSpec>> =>
  prefixed(
    'edges',
    mapValues(kinds, (edges): TensorSpec => ({ shape: [edges, operations.length], dtype: 'float32' })),
  );
