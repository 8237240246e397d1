import { describe, expect, it } from 'vitest';
import { evaluationPass, trainingPass } from '../../../nas/task/text/pass.ts';

describe('a training pass', () => {
  const rule = { kind: 'normal', bptt: 35 } as const;
  const create = () => trainingPass(900, rule, 7);

  it('has windows that are whole in any order of calls', () => {
    const forwards = create();
    const epochs = [0, 1, 2].map((epoch) =>
      Array.from({ length: forwards.steps(epoch) }, (_, index) => forwards.window(epoch, index)),
    );
    const other = create();
    for (const epoch of [2, 0, 1])
      for (let index = other.steps(epoch) - 1; index >= 0; index--)
        expect(other.window(epoch, index)).toEqual(epochs[epoch]?.[index]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    for (const windows of epochs)
      windows.slice(1).forEach(({ start }, i) => {
        const before = windows[i]!;
        expect(start).toBe(before.start + before.proposed);
      });
  });

  it('ends', () => {
    const pass = create();
    expect(() => pass.window(0, pass.steps(0))).toThrow(/^window \d+ of \d+$/);
  });
});

it('an evaluation predicts every token but the first row, in equal windows', () => {
  const pass = evaluationPass(7376, 35);
  expect(pass.steps(0)).toBe(211);
  expect(pass.window(5, 210)).toEqual({ start: 7350, length: 25, proposed: 35 });
});
