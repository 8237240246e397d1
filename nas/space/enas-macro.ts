import { z } from 'zod';
import { type InputError, inputError } from '../core/input-error.ts';
import { categorical } from './categorical.ts';
import { excerpt } from './excerpt.ts';
import { jsonGenotype } from './json-genotype.ts';
import { LONGEST } from './python-literal.ts';
import type { Space } from './space.ts';

/** Operations of a layer, in the numbering of the published architectures. */
export const MACRO_OPERATIONS = [
  'conv_3x3',
  'sep_conv_3x3',
  'conv_5x5',
  'sep_conv_5x5',
  'avg_pool_3x3',
  'max_pool_3x3',
] as const;
export type MacroOperation = (typeof MACRO_OPERATIONS)[number];

/**
 * Row l describes layer l: its operation, then l bits, bit j for a skip connection from state j (0: the stem,
 * j: layer j − 1). The layer before always feeds the next.
 */
export type EnasMacroGenotype = readonly (readonly number[])[];

const schema: z.ZodType<EnasMacroGenotype> = z.array(z.array(z.number().int())).min(1);

const FORM = 'integers "0 3 0 0 1 0 …": of layer l its operation (0 to 5) and l bits';

/** The first wrong part as [part, value, allowed]. */
const fault = (rows: EnasMacroGenotype): readonly [string, unknown, string] | undefined => {
  for (const [layer, row] of rows.entries()) {
    if (row.length !== layer + 1)
      return [
        `${layer}`,
        `${row.length} numbers`,
        `${layer + 1} numbers: an operation and one bit for each of ${layer} skips`,
      ];
    const wrong = row.findIndex((value, i) => value < 0 || value >= (i === 0 ? MACRO_OPERATIONS.length : 2));
    if (wrong === 0)
      return [`${layer}.0`, row[0], MACRO_OPERATIONS.map((operation, i) => `${i} ${operation}`).join(', ')];
    if (wrong > 0) return [`${layer}.${wrong}`, row[wrong], '0 (no skip connection) or 1'];
  }
  return undefined;
};

/**
 * Integers of a printed architecture: bare, with commas, or in brackets as logs have them. Throws
 * `InputError` where there is anything else.
 */
export const parseIntegers = (text: string, field: string, form: string): readonly number[] => {
  const refuse = (why: string): InputError =>
    inputError(field, excerpt(text), form, `write the architecture as integers (${why})`);
  if (text.length > LONGEST) throw refuse(`${text.length} characters`);
  const words = text
    // Comments; the assignments of the authors' scripts, `fixed_arc="$fixed_arc 1 0"`
    // (`scripts/cifar10_macro_final.sh:5`); numpy's integers.
    .replace(/#[^\n]*/g, ' ')
    .replace(/(?:--)?\b[A-Za-z_]\w*\s*[=:]/g, ' ')
    .replace(/\$\{?[A-Za-z_]\w*\}?/g, ' ')
    .replace(/\b(?:np|numpy)\.u?int\d*|\barray\b/g, ' ')
    .split(/[\s,;()[\]'"`\\]+/)
    .filter((word) => word !== '');
  const strange = words.find((word) => !/^\d{1,9}$/.test(word));
  if (strange !== undefined || words.length === 0)
    throw refuse(strange === undefined ? 'it is empty' : `${excerpt(strange)} is none`);
  return words.map(Number);
};

const anyDepth = jsonGenotype<EnasMacroGenotype>('enas-macro', schema, FORM, fault);

/** Reads the published form; the depth follows from the number of integers. Throws `InputError`. */
export const parseEnasMacro = (text: string, field = 'genotype'): EnasMacroGenotype => {
  const numbers = parseIntegers(text, field, FORM);
  const depth = (Math.sqrt(8 * numbers.length + 1) - 1) / 2;
  if (!Number.isInteger(depth))
    throw inputError(
      field,
      `${numbers.length} integers`,
      'L (L + 1) / 2 integers for L layers, e.g. 78 for 12 and 300 for 24',
      'give every layer its operation and a bit for each earlier state but the last',
    );
  const rows = Array.from({ length: depth }, (_, layer) =>
    numbers.slice((layer * (layer + 1)) / 2, ((layer + 1) * (layer + 2)) / 2),
  );
  return anyDepth.validate(rows, field);
};

export const printEnasMacro = (genotype: EnasMacroGenotype): string => genotype.flat().join(' ');

/** ENAS' space of whole networks at one depth. */
export const enasMacro = (depth = 12): Space<EnasMacroGenotype> => {
  const layers = Array.from({ length: depth }, (_, layer) => layer);
  const source =
    'Pham et al. 2018, "Efficient Neural Architecture Search via Parameter Sharing", §2.3: an operation for each of ' +
    `${depth} layers and a bit for each skip connection. The layer before always feeds the next, as in the authors' ` +
    'code; in the paper the previous indices alone decide.';
  const ofDepth = (genotype: EnasMacroGenotype, field = 'genotype'): EnasMacroGenotype => {
    if (genotype.length !== depth)
      throw inputError(
        field,
        `${genotype.length} layers`,
        `${depth} layers`,
        `write space.depth: ${genotype.length}, the number of layers of the architecture`,
      );
    return genotype;
  };
  const start = (layer: number): number => (layer * (layer + 1)) / 2;
  const choices = categorical<EnasMacroGenotype>(
    layers.flatMap((layer) => [MACRO_OPERATIONS.length, ...new Array<number>(layer).fill(2)]),
    layers.flatMap((layer) => [
      `layer ${layer}/operation`,
      ...Array.from({ length: layer }, (_, from) => `layer ${layer}/skip from state ${from}`),
    ]),
    (genotype) => genotype.flat(),
    (numbers) => layers.map((layer) => numbers.slice(start(layer), start(layer + 1))),
  );
  return {
    name: 'enas-macro',
    source,
    ...anyDepth,
    validate: (value, field) => ofDepth(anyDepth.validate(value, field), field),
    print: printEnasMacro,
    parse: (text, field) => ofDepth(parseEnasMacro(text, field), field),
    ...choices,
    decisions: {
      ...choices.decisions,
      anchors: layers.map((layer) => [start(layer) + 1, layer] as const),
    },
    describe: () => ({
      name: 'enas-macro',
      source,
      size: MACRO_OPERATIONS.length ** depth * 2 ** ((depth * (depth - 1)) / 2),
      lines: [
        `${depth} layers, operations: ${MACRO_OPERATIONS.join(', ')}`,
        'skip connections are concatenated with the operation and brought back to its width by a 1×1 convolution',
      ],
    }),
  };
};
