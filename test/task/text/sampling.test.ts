import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../../nas/core/random.ts';
import { drawToken, textOf } from '../../../nas/task/text/sampling.ts';
import { tokensOf, idsOf, vocabularyOf } from '../../../nas/task/text/vocabulary.ts';

describe('drawing a token', () => {
  const log = [0.2, 0.5, 0, 0.3].map(Math.log);

  it('takes types in their order, each as wide as it is likely, whatever the offset', () => {
    const at = (uniform: number, offset = 0): number =>
      drawToken(
        log.map((value) => value + offset),
        { temperature: 1 },
        uniform,
      );
    expect([0, 0.19, 0.21, 0.69, 0.71, 0.999999].map((uniform) => at(uniform))).toEqual([0, 0, 1, 1, 3, 3]);
    expect([0.19, 0.21, 0.71].map((uniform) => at(uniform, 900))).toEqual([0, 1, 3]);
    expect(at(1 - Number.EPSILON / 2)).toBe(3);
  });

  it('has the frequencies of the model, sharpened by a low temperature', () => {
    const share = (temperature: number): number => {
      const random = randomFromSeed(5);
      const drawn = Array.from({ length: 20_000 }, () => drawToken(log, { temperature }, random.uniform()));
      return drawn.filter((id) => id === 1).length / drawn.length;
    };
    expect(Math.abs(share(1) - 0.5)).toBeLessThan(0.012);
    // 0.5² of 0.04 + 0.25 + 0.09.
    expect(Math.abs(share(0.5) - 0.25 / 0.38)).toBeLessThan(0.012);
  });

  it('refuses a model that diverged', () => {
    expect(() => drawToken([Number.NaN, -1], { temperature: 1 }, 0.5)).toThrow('no type has a probability');
    expect(() => drawToken([Number.NEGATIVE_INFINITY], { temperature: 1 }, 0.5)).toThrow('no type');
  });
});

it('tokens become the text that they are of', () => {
  const text = 'the sun\n\nand the moon\n';
  const vocabulary = vocabularyOf(tokensOf(text));
  expect(textOf(idsOf(tokensOf(text), vocabulary, 'text'), vocabulary)).toBe(text);
  expect(() => textOf([99], vocabulary)).toThrow('token 0 has id 99 of 5 types');
});
