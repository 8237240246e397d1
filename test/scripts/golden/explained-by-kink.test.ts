import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../../nas/training/program.ts';
import { compareAll } from '../../../scripts/golden/compare-all.ts';
import { explainedByKink } from '../../../scripts/golden/explained-by-kink.ts';

const NAMES = [
  'output.unrolled_grad_exact.alphas_normal',
  'output.unrolled_grad_exact.alphas_reduce',
] as const;
const tensors = (normal: number, reduce: number): Record<string, HostTensor> =>
  Object.fromEntries(
    NAMES.map((name, i) => [
      name,
      { dtype: 'float32', shape: [1], data: Float32Array.of(i === 0 ? normal : reduce) },
    ]),
  );
const checked = (computed: Record<string, HostTensor>, flipped: Record<string, HostTensor>) => {
  const fixture = { kind: 'darts-cnn-supernet', config: {}, tensors: tensors(1, 2) };
  return explainedByKink(fixture, compareAll(fixture, computed), {
    kind: 'relu',
    distance: -4.5e-7,
    flipped,
  });
};

describe('explainedByKink', () => {
  it('names a disagreement that ends with the nearest kink flipped', () => {
    const [normal, reduce] = checked(tensors(1.1, 2), tensors(1, 2));
    expect(normal).toMatchObject({ explanation: 'kink' });
    expect(normal?.note).toBe('nearest kink: a ReLU at -4.5e-7; with it flipped the difference is 0.00e+0');
    expect(normal?.difference).toBeCloseTo(0.1, 5);
    expect(reduce?.explanation).toBeUndefined();
  });

  it('excuses none that stays, in this quantity or in another part of the gradient', () => {
    for (const flipped of [tensors(1.1, 2), tensors(1, 2.1)])
      for (const check of checked(tensors(1.1, 2), flipped)) expect(check.explanation).toBeUndefined();
  });
});
