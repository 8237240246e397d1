import { describe, expect, it } from 'vitest';
import { initialValues } from '../../../nas/training/layers/initial-values.ts';

describe('initialValues', () => {
  it('draws He’s weights from a normal distribution without its tails', () => {
    const fanIn = 18;
    const shape = [3, 3, 2, 1000];
    const declared = { name: 'w', shape, role: 'weight', initial: { kind: 'he', fanIn } } as const;
    const data = Array.from(initialValues([declared], 4)['w']?.data ?? []);
    const unit = data.map((value) => value / Math.sqrt(2 / fanIn));
    expect(Math.max(...unit.map(Math.abs))).toBeLessThanOrEqual(2);
    const mean = unit.reduce((sum, value) => sum + value, 0) / unit.length;
    const variance = unit.reduce((sum, value) => sum + (value - mean) ** 2, 0) / unit.length;
    expect(mean).toBeCloseTo(0, 1);
    // Of a standard normal number between −2 and 2: 1 − 4 φ(2) / (2 Φ(2) − 1).
    expect(variance).toBeCloseTo(0.774, 2);
  });
});
