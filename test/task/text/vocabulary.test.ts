import { describe, expect, it } from 'vitest';
import { frequentTypes, idsOf, tokensOf, vocabularyOf } from '../../../nas/task/text/vocabulary.ts';

const tokens = (text: string): string[] => [...tokensOf(text)];

describe('tokens', () => {
  it('are words between white space, and <eos> after every line', () => {
    expect(tokens(' the cat \n\n sat\u00a0on\tit')).toEqual([
      ...['the', 'cat', '<eos>', '<eos>', 'sat', 'on', 'it', '<eos>'],
    ]);
    expect(tokens('')).toEqual([]);
    expect(tokens('a\u200bb\n')).toEqual(['a\u200bb', '<eos>']);
  });

  it('do not depend on how lines end', () => {
    const expected = tokens('a b\nc\n\nd\n');
    for (const end of ['\r\n', '\r']) expect(tokens('a b\nc\n\nd\n'.replaceAll('\n', end))).toEqual(expected);
    expect(tokens('a b\nc\n\nd')).toEqual(expected);
  });
});

describe('a vocabulary', () => {
  it('numbers types by their first appearance over training, validation and test text', () => {
    const vocabulary = vocabularyOf(tokensOf('b a b\n'), tokensOf('c a\n'), tokensOf('d\n'));
    expect(vocabulary).toEqual(['b', 'a', '<eos>', 'c', 'd']);
    expect([...idsOf(tokensOf('a d\n'), vocabulary, 'text')]).toEqual([1, 4, 2]);
  });

  it('has no id for an unknown token, and names the nearest', () => {
    const vocabulary = vocabularyOf(tokensOf('prism spectrum <unk>\n'));
    expect(() => idsOf(['prisme'], vocabulary, 'prompt')).toThrow(
      'prompt: "prisme" is not allowed. Allowed: the 4 types of the vocabulary. Fix: did you mean prism?',
    );
    expect(() => idsOf(['zzzzzzzzzzzzzz'], vocabulary, 'prompt')).toThrow('write <unk> in its place');
  });

  it('keeps the most frequent types, of equals the first, and always <eos> and <unk>', () => {
    expect([...frequentTypes(tokensOf('a b b c c d\n'), 4)]).toEqual(['<unk>', '<eos>', 'b', 'c']);
  });
});
