import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { errorText } from '../../nas/core/error-text.ts';
import { inputError } from '../../nas/core/input-error.ts';

const refused = (): Error => Object.assign(new Error(''), { code: 'ECONNREFUSED' });
const zodError = (): Error =>
  z.object({ a: z.object({ b: z.number() }) }).safeParse({ a: { b: 'x' } }).error as Error;
const circular = (): Error => {
  const error = new Error('round');
  error.cause = new Error('and', { cause: error });
  return error;
};

describe('an error for people', () => {
  it.each<[string, unknown, string]>([
    ['alone', new Error('a'), 'a'],
    [
      'outermost first',
      new Error('run q: a. Fix: b', { cause: new Error('deep') }),
      'run q: a. Fix: b (cause: deep)',
    ],
    [
      'with every cause on one line',
      new Error('a', { cause: new Error('b', { cause: new Error('c\n  d') }) }),
      'a (cause: b; c d)',
    ],
    [
      'without what it repeats',
      new Error('s3://b/k: denied', { cause: new Error('denied') }),
      's3://b/k: denied',
    ],
    ['without empty wrappers', new Error('', { cause: new Error('b') }), 'b'],
    [
      'of several addresses',
      new Error('a', { cause: new AggregateError([refused(), refused()]) }),
      'a (cause: ECONNREFUSED)',
    ],
    [
      'of a schema, in words',
      new Error('key: damaged. Fix: restore it', { cause: zodError() }),
      'key: damaged. Fix: restore it (cause: a.b: Invalid input: expected number, received string)',
    ],
    [
      'without the schema that an input error speaks for',
      inputError('f', 1, 'two', 'write two', { cause: zodError() }),
      'f: 1 is not allowed. Allowed: two. Fix: write two',
    ],
    ['that ends in itself', circular(), 'round (cause: and)'],
    ['that is none', 'text', 'text'],
    ['without words', new TypeError(''), 'TypeError'],
  ])('is %s', (_, error, text) => {
    expect(errorText(error)).toBe(text);
  });

  it('is short, however long its causes', () => {
    expect(errorText(new Error('a', { cause: new Error('x'.repeat(1e6)) })).length).toBeLessThan(600);
  });
});
