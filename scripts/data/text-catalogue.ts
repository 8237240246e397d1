import type { TextSplit } from '../../nas/task/text/manifest.ts';

/** A text that is known by name and that its user brings. */
export interface TextEntry {
  /** Published, `<eos>` of every line among the tokens. */
  readonly tokens: Readonly<Record<TextSplit, number>>;
  readonly types: number;
  readonly source: string;
  readonly licence: string;
}

export const TEXTS = {
  ptb: {
    tokens: { train: 929_589, validation: 73_760, test: 82_430 },
    types: 10_000,
    source: 'Penn Treebank (Marcus et al. 1993), as prepared by Mikolov et al. 2010',
    licence: 'Linguistic Data Consortium',
  },
  'wikitext-2': {
    tokens: { train: 2_088_628, validation: 217_646, test: 245_569 },
    types: 33_278,
    source: 'WikiText-2 (Merity et al. 2017)',
    licence: 'CC BY-SA 3.0',
  },
} as const satisfies Readonly<Record<string, TextEntry>>;

/** Ships with the product, each file pinned by the SHA-256 of its text; see `make-opticks.ts`. */
export const OPTICKS = {
  name: 'opticks',
  sha256: {
    train: 'e449ff47467f8d3788d2ad6d71469f0f0bace2cc9321166240d9f199b2c05add',
    validation: 'b3f07290fe3fea72e1f8f764262b42bd5385e58b8fa9cfbe91ae1d3766b33f11',
    test: '11c96666fd79990bed924c3a6828dd5b62df1d1d620c2c8891fbfb55a28934ec',
  },
  source: 'Isaac Newton, Opticks, fourth edition, London 1730',
  licence: 'public domain',
} as const satisfies { readonly name: string; readonly sha256: Readonly<Record<TextSplit, string>> } & Pick<
  TextEntry,
  'source' | 'licence'
>;
