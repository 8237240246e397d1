import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { baselineModels, baselinesOf } from '../../../nas/task/text/baselines.ts';
import { idsOf, tokensOf, vocabularyOf } from '../../../nas/task/text/vocabulary.ts';

/** A folder with `ptb.train.txt.gz` and its two sisters, which may not ship. */
const PTB = process.env.NAS_TEST_PTB;
const ptbFile = (part: string): string =>
  gunzipSync(readFileSync(join(PTB as string, `ptb.${part}.txt.gz`))).toString('utf8');

describe('models of a text', () => {
  // a b a b c, with a type d that the training text lacks.
  const train = Uint16Array.of(0, 1, 0, 1, 2);
  const { unigram, bigram } = baselineModels(train, 4);

  it('discount counts by 0.75 and spread what is left, by hand', () => {
    // 3 types seen: 0.75 × 3 / 4 is spread over each of four.
    expect(unigram(0, 0)).toBeCloseTo((2 - 0.75 + 0.5625) / 5, 12);
    expect(unigram(0, 3)).toBeCloseTo(0.5625 / 5, 12);
    // Pairs ab (twice), ba, bc: b, a and c each end one of three.
    const q = (0.25 + 0.5625) / 3;
    expect(bigram(0, 1)).toBeCloseTo((2 - 0.75 + 0.75 * q) / 2, 12);
    expect(bigram(1, 0)).toBeCloseTo((0.25 + 0.75 * 2 * q) / 2, 12);
    // Nothing follows c.
    expect(bigram(2, 1)).toBeCloseTo(q, 12);
    expect(bigram(2, 3)).toBeCloseTo(0.5625 / 3, 12);
  });

  it('are distributions, after every type', () => {
    for (const previous of [0, 1, 2, 3])
      for (const model of [unigram, bigram]) {
        const sum = [0, 1, 2, 3].reduce((total, token) => total + model(previous, token), 0);
        expect(sum).toBeCloseTo(1, 12);
      }
  });

  it('predict every token but the first', () => {
    const { part } = baselinesOf(train, 4, { part: Uint16Array.of(3, 1, 0) });
    expect(part.unigram).toBeCloseTo((unigram(3, 1) * unigram(1, 0)) ** -0.5, 12);
    expect(part.bigram).toBeCloseTo((bigram(3, 1) * bigram(1, 0)) ** -0.5, 12);
  });
});

describe.skipIf(PTB === undefined)('on the Penn Treebank (NAS_TEST_PTB names its folder)', () => {
  it('have the known perplexities', { timeout: 60_000 }, () => {
    const texts = ['train', 'valid', 'test'].map(ptbFile) as [string, string, string];
    const vocabulary = vocabularyOf(...texts.map(tokensOf));
    const [train, validation, test] = texts.map((text) => idsOf(tokensOf(text), vocabulary, 'ptb')) as [
      ...[Uint16Array, Uint16Array, Uint16Array],
    ];
    expect([train.length, validation.length, test.length, vocabulary.length]).toEqual([
      ...[929_589, 73_760, 82_430, 10_000],
    ]);
    const found = baselinesOf(train, vocabulary.length, { validation });
    expect(found.validation.unigram).toBeCloseTo(687.0, 1);
    expect(found.validation.bigram).toBeCloseTo(201.0, 1);
  });
});
