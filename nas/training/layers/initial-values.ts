import { deriveSeed, randomFromSeed, type Random } from '../../core/random.ts';
import type { Initial } from './layers.ts';
import type { HostTensor } from '../program.ts';
import type { Declaration } from './shape-layers.ts';

/** Standard normal, drawn again until it lies within two standard deviations. */
const truncatedNormal = (random: Random): number => {
  for (;;) {
    const value = random.normal();
    if (Math.abs(value) <= 2) return value;
  }
};

/** One number after the other. */
const numbersOf = (initial: Initial, random: Random): (() => number) => {
  switch (initial.kind) {
    case 'constant':
      return () => initial.value;
    case 'uniform': {
      const bound = 1 / Math.sqrt(initial.fanIn);
      return () => (2 * random.uniform() - 1) * bound;
    }
    case 'within':
      return () => (2 * random.uniform() - 1) * initial.bound;
    case 'he': {
      const deviation = Math.sqrt(2 / initial.fanIn);
      return () => truncatedNormal(random) * deviation;
    }
  }
};

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
      const next = numbersOf(initial, randomFromSeed(deriveSeed(seed, 'initial', name)));
      for (let i = 0; i < data.length; i++) data[i] = next();
      return [name, { dtype: 'float32', shape, data } satisfies HostTensor];
    }),
  );
