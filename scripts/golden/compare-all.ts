import type { HostTensor } from '../../nas/training/program.ts';
import {
  FEW_VALUES_TOLERANCE,
  LOGITS_TOLERANCE,
  compare,
  gradientTolerance,
  largest,
  type Check,
  type TensorFixture,
} from './fixture.ts';
import { toTorch } from './layouts.ts';

/** Results that a fixture states: everything that is neither a parameter nor an input. */
export const isResult = (name: string): boolean => !name.startsWith('param.') && !name.startsWith('input.');

type Tolerance = number | ((expected: ArrayLike<number>) => number);

const relative =
  (factor: number) =>
  (expected: ArrayLike<number>): number =>
    factor * largest(expected);

/** The stated tolerances, by name; the first match counts. */
const TOLERANCES: readonly (readonly [RegExp, Tolerance])[] = [
  [/^output\.unrolled_grad_exact\./, relative(1e-3)],
  [/^output\.unrolled_grad/, relative(1e-2)],
  [/^grad(_train|_cross_entropy|_resource|_policy_gradient|_discrete)?\.(alphas_|weights)/, relative(1e-4)],
  [/^grad/, gradientTolerance],
  [/^output\.grad_w1x1$/, gradientTolerance],
  [/_aux$|eval_logits_after|eval_features/, FEW_VALUES_TOLERANCE],
  [/^output\.cost\./, relative(1e-6)],
  [/^output\.((policy_gradient|discrete)\.)?(log_)?resource$/, relative(1e-5)],
  [/^output\./, LOGITS_TOLERANCE],
];

/** Throws for a name that has none. */
export const toleranceOf = (name: string): Tolerance => {
  const found = TOLERANCES.find(([pattern]) => pattern.test(name));
  if (found === undefined) throw new Error(`'${name}' has no stated tolerance`);
  return found[1];
};

/** How the product's weight lies in a fixture. */
export type WeightLayout = (tensor: HostTensor, shape: readonly number[]) => HostTensor;

/** Weights of programs that multiply x · W lie in the product's layout. */
export const SAME_LAYOUT: WeightLayout = (tensor) => tensor;

/**
 * Compares the fixture's results with what was computed under the same names; weights in TensorFlow's layout
 * are brought into the fixture's, PyTorch's unless given. Results that were not computed are missing in the
 * list, which fails the file.
 */
export const compareAll = (
  fixture: TensorFixture,
  actual: Readonly<Record<string, HostTensor>>,
  layout: WeightLayout = toTorch,
): readonly Check[] =>
  Object.keys(fixture.tensors)
    .filter((name) => isResult(name) && actual[name] !== undefined)
    .map((name) => {
      const expected = fixture.tensors[name] as HostTensor;
      const tensor = actual[name] as HostTensor;
      const isWeight = /^grad\.|^output\.(sgd_step|unrolled_w)\./.test(name) && !/alphas_/.test(name);
      return compare(fixture, name, isWeight ? layout(tensor, expected.shape) : tensor, toleranceOf(name));
    });
