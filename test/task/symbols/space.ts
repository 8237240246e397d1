import { sha256 } from '../../../nas/core/hash.ts';
import { inputError } from '../../../nas/core/input-error.ts';
import { categorical } from '../../../nas/space/categorical.ts';
import { defineSpace } from '../../../nas/space/definitions/definition.ts';
import type { ArchitectureGraph } from '../../../nas/space/drawings/architecture-graph.ts';
import { before, NETWORK_ENDS, operationGraph } from '../../../nas/space/drawings/operation-graph.ts';
import type { Space } from '../../../nas/space/space.ts';
import { SYMBOLS } from './terms.ts';

/** What a node of the cell applies: tanh or ReLU. */
export const ACTIVATIONS = 'tr';
export const NODES = 4;

export const choicesOf = (genotype: string): number[] => [...genotype].map((a) => ACTIVATIONS.indexOf(a));
export const genotypeOf = (choices: readonly number[]): string =>
  choices.map((choice) => ACTIVATIONS[choice]).join('');

const chain = (): Space<string> => {
  const validate = (value: unknown, field = 'genotype'): string => {
    if (typeof value !== 'string' || value.length !== NODES || !/^[tr]+$/.test(value))
      throw inputError(field, value, `${NODES} letters t or r`, 'write one for each node');
    return value;
  };
  return {
    name: 'elman-chain',
    source: 'For tests alone, after Elman (1990).',
    ...categorical<string>(
      new Array<number>(NODES).fill(ACTIVATIONS.length),
      Array.from({ length: NODES }, (_, node) => `node ${node}`),
      choicesOf,
      genotypeOf,
    ),
    validate,
    print: (genotype) => genotype,
    parse: (text, field) => validate(text.trim(), field),
    hash: (genotype) => sha256(`elman-chain/${genotype}`),
    describe: () => ({ name: 'elman-chain', source: 'For tests alone.', size: 2 ** NODES, lines: [] }),
  };
};

export const chainSpace = defineSpace('elman-chain', {
  task: SYMBOLS,
  options: {},
  make: chain,
});

export const chainGraphs = (genotype: string): readonly ArchitectureGraph[] => [
  operationGraph(
    'cell',
    [...genotype].map((a) => ({ label: a === 't' ? 'tanh' : 'relu', family: 'convolution' })),
    Array.from({ length: NODES + 1 }, (_, i) => before(i + 1)),
    NETWORK_ENDS,
  ),
];
