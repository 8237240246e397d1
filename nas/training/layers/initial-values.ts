import { deriveSeed, randomFromSeed } from '../../core/random.ts';
import type { HostTensor } from '../program.ts';
import type { Declaration } from './shape-layers.ts';

/**
 * Initial values of declared parameters. Each depends on the seed and its own name only, so adding a layer
 * leaves the others as they were.
 */
export const initialValues = (
  declarations: readonly Declaration[],
  seed: number,
): Record<string, HostTensor> =>
  Object.fromEntries(
    declarations.map(({ name, shape, initial }) => {
      const data = new Float32Array(shape.reduce((size, n) => size * n, 1));
      if (initial.kind === 'constant') data.fill(initial.value);
      else {
        const random = randomFromSeed(deriveSeed(seed, 'initial', name));
        const bound = initial.kind === 'within' ? initial.bound : 1 / Math.sqrt(initial.fanIn);
        for (let i = 0; i < data.length; i++) data[i] = (2 * random.uniform() - 1) * bound;
      }
      return [name, { dtype: 'float32', shape, data } satisfies HostTensor];
    }),
  );
