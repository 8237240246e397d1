import { z } from 'zod';
import { categorical } from './categorical.ts';
import { jsonGenotype } from './json-genotype.ts';
import type { Space } from './space.ts';

const BLOCKS = [1, 2, 3, 4, 5, 6] as const;
const COLUMNS = [1, 2, 3, 4, 5] as const;
const FILTERS = [16, 32, 64, 128] as const;
const JOINS = ['mean', 'concat'] as const;

/** B fractal blocks of C columns; filters double after each block up to eight times the first. */
export type FractalNetGenotype = {
  readonly blocks: number;
  readonly columns: number;
  readonly filters: number;
  readonly join: (typeof JOINS)[number];
};

const schema: z.ZodType<FractalNetGenotype> = z.strictObject({
  blocks: z.number().int().min(1).max(BLOCKS.length),
  columns: z.number().int().min(1).max(COLUMNS.length),
  filters: z
    .number()
    .refine((n) => (FILTERS as readonly number[]).includes(n), `allowed: ${FILTERS.join(', ')}`),
  join: z.enum(JOINS),
});

/**
 * A fractal f_C: a convolution, or a join of a convolution with two copies of f_(C−1) in a row (§2, eq. 1).
 */
type Fractal = 'conv' | { readonly join: readonly [left: 'conv', right: readonly [Fractal, Fractal]] };

/** The expansion rule applied `columns` − 1 times. */
export const expandFractal = (columns: number): Fractal => {
  if (columns === 1) return 'conv';
  const smaller = expandFractal(columns - 1);
  return { join: ['conv', [smaller, smaller]] };
};

/** Convolutions of one block: 2^C − 1. */
export const convolutionsOf = (fractal: Fractal): number =>
  fractal === 'conv' ? 1 : 1 + convolutionsOf(fractal.join[1][0]) + convolutionsOf(fractal.join[1][1]);

/** Longest path through one block, in convolutions: 2^(C−1). */
export const depthOf = (fractal: Fractal): number =>
  fractal === 'conv' ? 1 : depthOf(fractal.join[1][0]) + depthOf(fractal.join[1][1]);

const SOURCE =
  'Larsson, Maire & Shakhnarovich 2017, "FractalNet", §2: expansion rule, B blocks of C columns, joins by mean ' +
  '(or concatenation, which the paper mentions); pooling between blocks. The paper’s CIFAR networks are B = 5, C = 3, 64 filters.';

/** FractalNets by their four numbers. */
export const fractalNet: Space<FractalNetGenotype> = {
  name: 'fractal-net',
  source: SOURCE,
  ...jsonGenotype<FractalNetGenotype>(
    'fractal-net',
    schema,
    '{"blocks": 1 to 6, "columns": 1 to 5, "filters": 16, 32, 64 or 128, "join": "mean" or "concat"}',
    undefined,
    // With one column there is nothing to join.
    (genotype) => (genotype.columns === 1 ? { ...genotype, join: 'mean' } : genotype),
  ),
  ...categorical<FractalNetGenotype>(
    [BLOCKS.length, COLUMNS.length, FILTERS.length, JOINS.length],
    ['blocks', 'columns', 'filters', 'join'],
    ({ blocks, columns, filters, join }) => [
      blocks - 1,
      columns - 1,
      (FILTERS as readonly number[]).indexOf(filters),
      JOINS.indexOf(join),
    ],
    ([blocks, columns, filters, join]) => ({
      blocks: (blocks as number) + 1,
      columns: (columns as number) + 1,
      filters: FILTERS[filters as number] as number,
      join: JOINS[join as number] as (typeof JOINS)[number],
    }),
  ),
  describe: () => ({
    name: 'fractal-net',
    source: SOURCE,
    size: BLOCKS.length * COLUMNS.length * FILTERS.length * JOINS.length,
    lines: ['a block of C columns has 2^C − 1 convolutions and depth 2^(C−1)', `joins: ${JOINS.join(', ')}`],
  }),
};
