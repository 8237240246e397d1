import { sha256 } from '../../../nas/core/hash.ts';
import { inputError } from '../../../nas/core/input-error.ts';
import { categorical } from '../../../nas/space/categorical.ts';
import { defineSpace } from '../../../nas/space/definitions/definition.ts';
import type { ArchitectureGraph } from '../../../nas/space/drawings/architecture-graph.ts';
import { before, NETWORK_ENDS, operationGraph } from '../../../nas/space/drawings/operation-graph.ts';
import type { Space } from '../../../nas/space/space.ts';
import { VECTOR_REGRESSION } from './terms.ts';

/** What becomes of an input before the linear layer: nothing, itself, its square, its cube. */
export const POWERS = '-123';
export const INPUTS = 3;

const powers = (): Space<string> => {
  const validate = (value: unknown, field = 'genotype'): string => {
    if (typeof value !== 'string' || !/^[-123]{3}$/.test(value))
      throw inputError(field, value, `${INPUTS} of ${POWERS}`, 'write one for each input');
    return value;
  };
  return {
    name: 'vector-powers',
    source: 'For tests alone.',
    ...categorical<string>(
      new Array<number>(INPUTS).fill(POWERS.length),
      ['first', 'second', 'third'],
      (genotype) => [...genotype].map((power) => POWERS.indexOf(power)),
      (choices) => choices.map((choice) => POWERS[choice]).join(''),
    ),
    validate,
    print: (genotype) => genotype,
    parse: (text, field) => validate(text.trim(), field),
    hash: (genotype) => sha256(`vector-powers/${genotype}`),
    describe: () => ({ name: 'vector-powers', source: 'For tests alone.', size: 64, lines: [] }),
  };
};

export const vectorSpace = defineSpace('vector-powers', {
  task: VECTOR_REGRESSION,
  options: {},
  make: powers,
});

export const vectorGraphs = (genotype: string): readonly ArchitectureGraph[] => [
  operationGraph(
    'network',
    [...genotype].map((power) => ({ label: `power ${power}`, family: 'convolution' })),
    Array.from({ length: INPUTS + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  ),
];
