import { customOperation } from './custom-operation.ts';
import { compiledHead, compiledLoop, compiledPadding } from './loop-compiled.ts';
import { uniform } from './random-tensor.ts';
import type { Recorder } from './recorder.ts';
import type { Tensor } from './tensor.ts';
import type { Gate, Trace } from './trace.ts';

/**
 * Gates as TensorFlow's `Switch` and `Merge` nodes: what hangs on the side of a switch that is not taken is
 * not executed, and a merge passes on its one live input. One graph therefore serves every path. `sum` stands
 * in for the addition of two gradients where it is conditional. `release` frees the predicates, which outlive
 * the scopes of the recorded body.
 */
export const compiledTrace = (
  recorder: Recorder,
): {
  readonly trace: Trace;
  readonly sum: (a: Tensor, b: Tensor) => Tensor | undefined;
  readonly release: () => void;
} => {
  const { tf, ref, node, symbol, nativeType } = recorder;
  const like = (output: string, tensor: Tensor): Tensor => symbol(output, tensor.shape, nativeType(tensor));

  const switches = new Map<string, string>();
  /**
   * Node output with `tensor`'s value on the side where the predicate, a node output, has the value `taken`.
   */
  const side = (tensor: Tensor, predicate: string, taken: boolean): string => {
    const inputs = [ref(tensor), predicate];
    const key = inputs.join(' ');
    const name = switches.get(key) ?? node('Switch', inputs, { T: { type: nativeType(tensor) } });
    switches.set(key, name);
    return taken ? `${name}:1` : name;
  };
  /** `tensor` on the side where `predicate` has the value `taken`. */
  const switched = (tensor: Tensor, predicate: Tensor, taken: boolean): Tensor =>
    like(side(tensor, ref(predicate), taken), tensor);
  const merged = (tensors: readonly Tensor[]): Tensor => {
    const [first] = tensors;
    if (first === undefined) throw new RangeError('a gate needs at least one branch');
    if (tensors.length === 1) return like(ref(first), first);
    for (const tensor of tensors) {
      if (tensor.shape.join() !== first.shape.join())
        throw new Error(
          `branches of shapes [${first.shape.join()}] and [${tensor.shape.join()}] cannot be merged`,
        );
      if (recorder.isConstant(tensor))
        throw new Error('every branch of a gate must use its copy of the value that was split');
    }
    const attributes = { T: { type: nativeType(first) }, N: { i: tensors.length } };
    return like(node('Merge', tensors.map(ref), attributes), first);
  };

  /** By node output: gradients that are zero unless the predicate holds. */
  const conditional = new Map<string, { readonly predicate: string; readonly value: string }>();
  const gradient = (dx: Tensor, x: Tensor, predicate: string): Tensor => {
    const type = { T: { type: nativeType(x) } };
    const zero = node('ZerosLike', [side(x, predicate, false)], type);
    const value = recorder.isConstant(dx) ? side(dx, predicate, true) : ref(dx);
    const merged = node('Merge', [value, zero], { ...type, N: { i: 2 } });
    conditional.set(merged, { predicate, value });
    return like(merged, x);
  };
  /**
   * a + b, where one of them is a conditional gradient: the other one, to which it is added only if there is
   * something to add.
   */
  const sum = (a: Tensor, b: Tensor): Tensor | undefined => {
    const [total, addend] = conditional.has(ref(b))
      ? [a, conditional.get(ref(b))]
      : [b, conditional.get(ref(a))];
    if (addend === undefined || a.shape.join() !== b.shape.join()) return undefined;
    const { predicate, value } = addend;
    const type = { T: { type: nativeType(total) } };
    const added = node('Add', [side(total, predicate, true), value], type);
    return like(node('Merge', [added, side(total, predicate, false)], { ...type, N: { i: 2 } }), total);
  };

  const predicates = new Map<string, Tensor[]>();
  const predicatesOf = (index: Tensor, branches: number): Tensor[] => {
    const key = `${ref(index)}/${branches}`;
    const known = predicates.get(key);
    if (known !== undefined) return known;
    const made = Array.from({ length: branches }, (_, k) => tf.keep(tf.equal(index, tf.scalar(k, 'int32'))));
    predicates.set(key, made);
    return made;
  };

  const gate = (index: Tensor, branches: number): Gate => {
    const chosen = predicatesOf(index, branches);
    const predicate = (branch: number): Tensor => {
      const tensor = chosen[branch];
      if (tensor === undefined) throw new RangeError(`branch ${branch} of ${branches}`);
      return tensor;
    };
    return {
      split: (x) =>
        customOperation(tf, [x], {
          forward: ([value]) => chosen.map((p) => switched(value as Tensor, p, true)),
          backward: (dys) => [() => merged(dys)],
        }),
      parameter: (branch, w) =>
        customOperation(tf, [w], {
          forward: ([value]) => [switched(value as Tensor, predicate(branch), true)],
          backward: ([dw]) => [
            () => merged([dw as Tensor, switched(tf.zeros(w.shape), predicate(branch), false)]),
          ],
        })[0] as Tensor,
      gradient: (branch, dx, x) => gradient(dx, x, ref(predicate(branch))),
      merge: (values) =>
        customOperation(tf, values, {
          forward: (inputs) => [merged(inputs)],
          backward: ([dy]) => chosen.map((p) => () => switched(dy as Tensor, p, true)),
        })[0] as Tensor,
      state: (branch, updated, old) => merged([updated, switched(old, predicate(branch), false)]),
    };
  };

  const kept: Tensor[] = [];
  const keep: Trace['keep'] = (tensor) => {
    kept.push(tf.keep(tensor));
    return tensor;
  };
  return {
    sum,
    trace: {
      gate,
      loop: compiledLoop(recorder),
      head: compiledHead(recorder),
      padded: compiledPadding(recorder),
      uniform: (shape, seed) => uniform(tf, shape, seed),
      keep,
    },
    release: () => tf.dispose([...kept, ...[...predicates.values()].flat()]),
  };
};
