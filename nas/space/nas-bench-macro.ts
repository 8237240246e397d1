import { sha256 } from '../core/hash.ts';
import { inputError } from '../core/input-error.ts';
import { categorical } from './categorical.ts';
import type { Space } from './space.ts';

/** Blocks of NAS-Bench-Macro by their digit: skip, inverted residual expand 3 kernel 3, expand 6 kernel 5. */
export const NAS_BENCH_MACRO_BLOCKS = ['skip', 'mb3_k3', 'mb6_k5'] as const;
const NAS_BENCH_MACRO_LAYERS = 8;

/** One digit a layer, as the benchmark's own keys: `22212220`. */
export type NasBenchMacroGenotype = string;

const validate = (value: unknown, field = 'genotype'): NasBenchMacroGenotype => {
  if (typeof value !== 'string' || !/^[012]{8}$/.test(value))
    throw inputError(
      field,
      value,
      `${NAS_BENCH_MACRO_LAYERS} digits, each 0 (skip), 1 (mb3_k3) or 2 (mb6_k5)`,
      'write one digit for each layer, e.g. 22212220',
    );
  return value;
};

const SOURCE =
  'Su et al. 2021, "Prioritized Architecture Sampling with Monto-Carlo Tree Search", §4.4 (NAS-Bench-Macro): a chain of ' +
  'eight layers, three choices each.';

/** The chain space of NAS-Bench-Macro: 3^8 = 6,561 networks. */
export const nasBenchMacro: Space<NasBenchMacroGenotype> = {
  name: 'nas-bench-macro',
  source: SOURCE,
  ...categorical<NasBenchMacroGenotype>(
    new Array<number>(NAS_BENCH_MACRO_LAYERS).fill(NAS_BENCH_MACRO_BLOCKS.length),
    Array.from({ length: NAS_BENCH_MACRO_LAYERS }, (_, layer) => `layer ${layer}`),
    (genotype) => [...genotype].map(Number),
    (choices) => choices.join(''),
  ),
  validate,
  print: (genotype) => genotype,
  parse: (text, field) => validate(text.trim(), field),
  hash: (genotype) => sha256(`nas-bench-macro/${genotype}`),
  describe: () => ({
    name: 'nas-bench-macro',
    source: SOURCE,
    size: NAS_BENCH_MACRO_BLOCKS.length ** NAS_BENCH_MACRO_LAYERS,
    lines: [
      `blocks: ${NAS_BENCH_MACRO_BLOCKS.map((block, digit) => `${digit} ${block}`).join(', ')}`,
      'eight layers',
    ],
  }),
};
