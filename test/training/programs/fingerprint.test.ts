import { describe, expect, it } from 'vitest';
import { comparedParts } from '../../../nas/job/receipt.ts';
import { fingerprint } from '../../../nas/training/programs/fingerprint.ts';
import type { HostTensor, Snapshot } from '../../../nas/training/program.ts';

const tensor = (...values: number[]): HostTensor => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});
const snapshot: Snapshot = {
  step: 7,
  tensors: { 'weights/a': tensor(1, 2), 'weights/b': tensor(3), 'optimizer/a': tensor(0, 0) },
  state: { curve: [1, 2], dataDigest: 'd' },
};

describe('fingerprint', () => {
  it('has one part for each group of tensors and each field of the state', () => {
    expect(Object.keys(fingerprint(snapshot)).sort()).toEqual([
      'optimizer',
      'state.curve',
      'state.dataDigest',
      'step',
      'weights',
    ]);
    expect(fingerprint(structuredClone(snapshot))).toEqual(fingerprint(snapshot));
  });

  it.each([
    ['weights', { ...snapshot, tensors: { ...snapshot.tensors, 'weights/b': tensor(3 + 2 ** -21) } }],
    [
      'weights',
      { ...snapshot, tensors: { ...snapshot.tensors, 'weights/b': { ...tensor(3), shape: [1, 1] } } },
    ],
    ['optimizer', { ...snapshot, tensors: { ...snapshot.tensors, 'optimizer/a': tensor(0, -0) } }],
    ['state.curve', { ...snapshot, state: { curve: [1, 3], dataDigest: 'd' } }],
    ['step', { ...snapshot, step: 8 }],
  ] as const)('changes in %s alone when that changes', (part, changed) => {
    const { parts, identical } = comparedParts(fingerprint(snapshot), fingerprint(changed as Snapshot));
    expect(identical).toBe(false);
    expect(parts.filter((p) => p.undisturbed !== p.killed).map((p) => p.part)).toEqual([part]);
  });

  it('takes a missing part for a difference', () => {
    const { identical, parts } = comparedParts({ a: '1', b: '2' }, { a: '1' });
    expect(identical).toBe(false);
    expect(parts).toContainEqual({ part: 'b', undisturbed: '2', killed: 'missing' });
  });
});
