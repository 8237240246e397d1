import { customOperation } from '../graph/custom-operation.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import { mapValues } from '../graph/variable-groups.ts';
import { vectorJacobian } from '../graph/vector-jacobian.ts';
import { gathered } from './embedding.ts';
import { flatRows, matrixProduct } from './matrix-product.ts';

/** What one step of a recurrence is given; it reads no other tensors. */
interface RecurrenceStep {
  /** The sequences' entries of this step. */
  readonly inputs: Tensors;
  /** What the step before left. */
  readonly carried: Tensors;
  readonly shared: Tensors;
  readonly constants: Tensors;
  /** x [rows, in] times a weight [in, out], in the weight's parts: [rows, out / parts] each. */
  product(weight: string, x: Tensor): readonly Tensor[];
}

/** A matrix that steps multiply by, in equal parts side by side, each a product that waits for no other. */
export interface RecurrentWeight {
  /** [in, out]. */
  readonly matrix: Tensor;
  readonly parts: number;
}

interface StepResult {
  /** For the next step: names and shapes as they came. */
  readonly carried: Tensors;
  readonly outputs: Tensors;
  /** Collected like outputs, without a gradient. */
  readonly statistics?: Tensors;
}

export interface Recurrence {
  /** Steps to take, an int32 scalar from 1 to the sequences' size. */
  readonly length: Tensor;
  /** [T, …]: sequences, of which the first `length` entries are read. */
  readonly inputs: Tensors;
  /** What the first step is given. */
  readonly carried: Tensors;
  /** What steps use by `product` alone. */
  readonly weights: Readonly<Record<string, RecurrentWeight>>;
  /** Small parameters: their gradients are added up step by step. */
  readonly shared: Tensors;
  /** Without a gradient: masks, choices. */
  readonly constants?: Tensors;
  /** One step; it is run twice, forward and, without its products, for the gradient. */
  step(step: RecurrenceStep): StepResult;
}

interface RecurrenceResult {
  /** What the last step left. */
  readonly carried: Tensors;
  /** [T, …] by step, zero behind the last. */
  readonly outputs: Tensors;
  readonly statistics: Tensors;
}

const named = (names: readonly string[], tensors: readonly Tensor[]): Tensors =>
  Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));

/** Takes as many tensors from a list as there are names, one group after another. */
const grouped = (tensors: readonly Tensor[], ...groups: readonly (readonly string[])[]): Tensors[] => {
  let at = 0;
  return groups.map((names) => named(names, tensors.slice(at, (at += names.length))));
};

/** The name of the number of steps among the constants. */
const LENGTH = 'length';

/**
 * Back-propagation through time in two loops (Werbos 1990), of any number of steps in one graph. The first
 * loop keeps what each step was given and its products; the second goes backwards, recomputes the rest of the
 * step from them, and keeps both factors of every weight's gradient, which is one product after the loop.
 */
export const recur = (tf: Tf, trace: Trace, recurrence: Recurrence): RecurrenceResult => {
  const { inputs, carried, weights, shared, step } = recurrence;
  const constants = { ...recurrence.constants, [LENGTH]: recurrence.length };
  const names = {
    inputs: Object.keys(inputs),
    carried: Object.keys(carried),
    weights: Object.keys(weights),
    shared: Object.keys(shared),
    constants: Object.keys(constants),
  };
  const most = Math.max(...Object.values(inputs).map(({ shape }) => shape[0] as number));
  let outputNames: readonly string[] = [];
  let statisticNames: readonly string[] = [];
  const given = (all: readonly Tensor[]) =>
    grouped(all, names.inputs, names.carried, names.weights, names.shared, names.constants) as [
      Tensors,
      Tensors,
      Tensors,
      Tensors,
      Tensors,
    ];
  /** The parts of all weights. */
  const partsOf = (matrices: Tensors): Readonly<Record<string, readonly Tensor[]>> =>
    Object.fromEntries(
      Object.entries(weights).map(([name, { parts }]) => [
        name,
        parts === 1 ? [matrices[name] as Tensor] : tf.split(matrices[name] as Tensor, parts, 1),
      ]),
    );
  /** Entries of all sequences at one step. */
  const at = (sequences: Tensors, index: Tensor): Tensors =>
    mapValues(sequences, (sequence) => gathered(tf, sequence, index));

  /** What the first loop keeps for the second; the graph makes it only if that one runs. */
  let kept: { readonly carried: Tensors; readonly products: readonly Tensor[] } | undefined;

  const forward = (all: readonly Tensor[]): Tensor[] => {
    const [givenInputs, givenCarried, givenWeights, givenShared, givenConstants] = given(all);
    const length = givenConstants[LENGTH] as Tensor;
    const parts = partsOf(givenWeights);
    let productCount = 0;
    const result = trace.loop({
      length,
      most,
      carried: Object.values(givenCarried),
      body: (index, tensors) => {
        const products: Tensor[] = [];
        const before = named(names.carried, tensors);
        const {
          outputs,
          statistics = {},
          ...after
        } = step({
          inputs: at(givenInputs, index),
          carried: before,
          shared: givenShared,
          constants: givenConstants,
          product: (weight, x) => {
            const made = (parts[weight] as readonly Tensor[]).map((part) => matrixProduct(tf, x, part));
            products.push(...made);
            return made;
          },
        });
        outputNames = Object.keys(outputs);
        statisticNames = Object.keys(statistics);
        productCount = products.length;
        return {
          carried: names.carried.map((name) => after.carried[name] as Tensor),
          collected: [...tensors, ...products, ...Object.values(outputs), ...Object.values(statistics)],
        };
      },
    });
    const states = names.carried.length;
    const first = result.collected.slice(0, states + productCount);
    for (const tensor of first) trace.keep(tensor);
    kept = { carried: named(names.carried, first.slice(0, states)), products: first.slice(states) };
    const results = result.collected.slice(states + productCount);
    return [...result.carried, ...results.map((tensor) => trace.padded(tensor, length, most))];
  };

  const backward = (dys: readonly Tensor[], all: readonly Tensor[]): (() => Tensor)[] => {
    if (kept === undefined) throw new Error('unreachable');
    const { carried: states, products: keptProducts } = kept;
    const [givenInputs, , givenWeights, givenShared, givenConstants] = given(all);
    const length = givenConstants[LENGTH] as Tensor;
    const [dCarried, dOutputs] = grouped(dys, names.carried, outputNames) as [Tensors, Tensors];
    const parts = partsOf(givenWeights);
    /** The weights of the products that the loss depends on, in order. */
    let used: readonly string[] = [];
    const { carried: added, collected } = trace.loop({
      length,
      most,
      reverse: true,
      carried: [
        ...Object.values(dCarried),
        ...names.shared.map((name) => tf.zerosLike(shared[name] as Tensor)),
      ],
      body: (index, tensors) => {
        const [dNext, sums] = grouped(tensors, names.carried, names.shared) as [Tensors, Tensors];
        const factors: { readonly weight: string; readonly x: Tensor; readonly dzs: readonly Tensor[] }[] =
          [];
        const prefix = (kind: string, of: Tensors): Tensors =>
          Object.fromEntries(Object.entries(of).map(([name, tensor]) => [`${kind}/${name}`, tensor]));
        const here = {
          inputs: at(givenInputs, index),
          carried: at(states, index),
          shared: givenShared,
          constants: givenConstants,
        };
        const gradients = vectorJacobian(
          tf,
          {
            ...prefix('inputs', here.inputs),
            ...prefix('carried', here.carried),
            ...prefix('shared', givenShared),
          },
          { ...prefix('carried', dNext), ...prefix('outputs', at(dOutputs, index)) },
          () => {
            let count = 0;
            let first = 0;
            const { carried: after, outputs } = step({
              ...here,
              product: (weight, x) => {
                const call = count++;
                const matrices = parts[weight] as readonly Tensor[];
                const before = keptProducts.slice(first, (first += matrices.length));
                return customOperation(tf, [x], {
                  forward: () => before.map((product) => gathered(tf, product, index)),
                  backward: (dzs, [x]) => {
                    // tfjs frees gradients as it adds them up.
                    const [keptX, ...keptDzs] = [x as Tensor, ...dzs].map((tensor) =>
                      trace.keep(tf.clone(tensor)),
                    ) as [Tensor, ...Tensor[]];
                    factors[call] = { weight, x: keptX, dzs: keptDzs };
                    const dx = tf.addN(
                      dzs.map((dz, k) => matrixProduct(tf, dz, matrices[k] as Tensor, { b: true })),
                    );
                    return [() => dx];
                  },
                });
              },
            });
            return { ...prefix('carried', after), ...prefix('outputs', outputs) };
          },
        );
        const made = factors.filter((factor) => factor !== undefined);
        used = made.map(({ weight }) => weight);
        return {
          carried: [
            ...names.carried.map((name) => gradients[`carried/${name}`] as Tensor),
            ...names.shared.map((name) =>
              tf.add(sums[name] as Tensor, gradients[`shared/${name}`] as Tensor),
            ),
          ],
          collected: [
            ...names.inputs.map((name) => gradients[`inputs/${name}`] as Tensor),
            ...made.flatMap(({ x, dzs }) => [x, ...dzs]),
          ],
        };
      },
    });
    const dInputs = collected.slice(0, names.inputs.length);
    /** Both factors of each product's gradient, over all steps. */
    const rows = collected.slice(names.inputs.length).map((tensor) => flatRows(tf, tensor));
    let next = 0;
    const products = used.map((weight) => {
      const { length: count } = parts[weight] as readonly Tensor[];
      const [x, ...dzs] = rows.slice(next, (next += 1 + count)) as [Tensor, ...Tensor[]];
      return { weight, gradients: dzs.map((dz) => matrixProduct(tf, x, dz, { a: true })) };
    });
    const dWeights = names.weights.map((name) => {
      const own = products
        .filter(({ weight }) => weight === name)
        .map(({ gradients }) => tf.concat(gradients, 1));
      return own.length === 0 ? tf.zeros((weights[name] as RecurrentWeight).matrix.shape) : tf.addN(own);
    });
    return [
      ...dInputs.map((tensor) => trace.padded(tensor, length, most)),
      ...added.slice(0, names.carried.length),
      ...dWeights,
      ...added.slice(names.carried.length),
    ].map((tensor) => () => tensor);
  };

  const results = customOperation(
    tf,
    [inputs, carried, mapValues(weights, ({ matrix }) => matrix), shared, constants].flatMap((tensors) =>
      Object.values(tensors),
    ),
    { forward, backward },
  );
  const [last, outputs, statistics] = grouped(results, names.carried, outputNames, statisticNames) as [
    Tensors,
    Tensors,
    Tensors,
  ];
  return { carried: last, outputs, statistics };
};
