import { compareAll } from './compare-all.ts';
import type { Kink } from './exact-second-order.ts';
import { passes, type Check, type TensorFixture } from './fixture.ts';

const NAMES = { relu: 'ReLU', maximum: 'maximum' } as const;

/**
 * The checks with what the nearest kink says of them: where it is, and of a disagreement whether that one
 * ReLU or maximum, flipped, makes it agree within the same tolerance. All parts of a gradient must then
 * agree, since they share the kink.
 */
export const explainedByKink = (
  fixture: TensorFixture,
  checks: readonly Check[],
  { kind, distance, flipped }: Kink,
): readonly Check[] => {
  const place = `nearest kink: a ${NAMES[kind]} at ${distance.toExponential(1)}`;
  const others = new Map(compareAll(fixture, flipped).map((check) => [check.name, check]));
  const agree = [...others.values()].every(passes);
  return checks.map((check) => {
    const other = others.get(check.name);
    if (other === undefined) return check;
    const note = `${place}; with it flipped the difference is ${other.difference.toExponential(2)}`;
    return passes(check) || !agree ? { ...check, note } : { ...check, note, explanation: 'kink' };
  });
};
