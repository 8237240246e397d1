import type { Recorder } from './recorder.ts';
import { shapeDef, type AttributeDef } from './saved-model.ts';
import type { Tensor } from './tensor.ts';
import type { Trace } from './trace.ts';

/** Repetitions whose operations may run at once, as far as they do not wait for one another. */
const PARALLEL_ITERATIONS = 10;
/** TensorFlow's number of the type of a handle. */
const RESOURCE = 20;

/** A variable of a loop: what a repetition is given, and how it gives the next one its own. */
interface LoopVariable {
  /** In the body. */
  readonly current: string;
  /** Behind the loop. */
  readonly exit: string;
  readonly type: number;
  next(ref: string): void;
}

/**
 * A loop by TensorFlow's control flow nodes (Yu et al. 2018, §3.4): a variable enters, is merged with what
 * the repetition before left, and is switched either into the body or out. What the body collects is written
 * to a `TensorArray` a tensor. What nobody reads is not computed.
 */
export const compiledLoop = (recorder: Recorder): Trace['loop'] => {
  const { tf, ref, node, symbol, nativeType, inFrame } = recorder;
  let loops = 0;
  return ({ length, most, reverse = false, carried, body }) => {
    const frameName = Buffer.from(`loop-${loops++}`);
    const int32 = { type: nativeType(length) };
    const float32 = nativeType(tf.scalar(0));
    const [zero, one] = [tf.scalar(0, 'int32'), tf.scalar(1, 'int32')];
    const last = tf.sub(length, one);
    const count = ref(length);

    const enter = (input: string, type: number, constant: boolean): string =>
      node('Enter', [input], {
        T: { type },
        frame_name: { s: frameName },
        is_constant: { b: constant },
        parallel_iterations: { i: PARALLEL_ITERATIONS },
      });
    const merged = (initial: string, type: number) => {
      const entered = enter(initial, type, false);
      const next = `${entered}/next`;
      return { next, value: node('Merge', [entered, next], { T: { type }, N: { i: 2 } }) };
    };

    const counter = merged(ref(zero), int32.type);
    const isLess = node('Less', [counter.value, enter(count, int32.type, true)], { T: int32 });
    const going = node('LoopCond', [isLess], {});
    const switched = ({ next, value }: ReturnType<typeof merged>, type: number): LoopVariable => {
      const T = { type };
      const sides = node('Switch', [value, going], { T });
      return {
        type,
        current: node('Identity', [`${sides}:1`], { T }),
        exit: node('Exit', [sides], { T }),
        next: (input) => void node('NextIteration', [input], { T }, next),
      };
    };
    const variable = (initial: string, type: number): LoopVariable => switched(merged(initial, type), type);

    const step = switched(counter, int32.type);
    const variables = carried.map((tensor) => variable(ref(tensor), nativeType(tensor)));
    const arrays = inFrame(
      (input, type) => enter(input, type, true),
      () => {
        const position = symbol(step.current, [], int32.type);
        const index = reverse ? tf.sub(last, position) : position;
        const given = variables.map(({ current, type }, i) =>
          symbol(current, (carried[i] as Tensor).shape, type),
        );
        const result = body(index, given);
        result.carried.forEach((tensor, i) => {
          const { shape } = carried[i] as Tensor;
          if (tensor.shape.join() !== shape.join())
            throw new Error(`a loop carries [${shape.join()}] and its body left [${tensor.shape.join()}]`);
          variables[i]?.next(ref(tensor));
        });
        step.next(ref(tf.add(position, one)));
        return result.collected.map((tensor) => {
          const dtype = { type: nativeType(tensor) };
          const element = { shape: shapeDef(tensor.shape) };
          const array = node('TensorArrayV3', [count], {
            dtype,
            element_shape: element,
            dynamic_size: { b: false },
            clear_after_read: { b: false },
            identical_element_shapes: { b: true },
            tensor_array_name: { s: Buffer.from('') },
          });
          const flow = variable(`${array}:1`, float32);
          const inputs = [enter(array, RESOURCE, true), ref(index), ref(tensor), flow.current];
          flow.next(node('TensorArrayWriteV3', inputs, { T: dtype }));
          return { array, flow, dtype, element, shape: tensor.shape };
        });
      },
    );
    const range = node('Range', [ref(zero), count, ref(one)], { Tidx: int32 });
    return {
      carried: variables.map(({ exit, type }, i) => symbol(exit, (carried[i] as Tensor).shape, type)),
      collected: arrays.map(({ array, flow, dtype, element, shape }) =>
        symbol(
          node('TensorArrayGatherV3', [array, range, flow.exit], { dtype, element_shape: element }),
          [most, ...shape],
          dtype.type,
        ),
      ),
    };
  };
};

const vector = ({ tf }: Recorder, first: Tensor, rest: readonly number[]): Tensor =>
  tf.concat([tf.reshape(first, [1]), tf.tensor1d([...rest], 'int32')] as never);

export const compiledHead =
  (recorder: Recorder): Trace['head'] =>
  (x, length) => {
    const { ref, node, symbol, nativeType, tf } = recorder;
    const others = x.shape.slice(1);
    const begin = tf.tensor1d(
      x.shape.map(() => 0),
      'int32',
    );
    const size = vector(recorder, length, others);
    const attributes: Record<string, AttributeDef> = {
      T: { type: nativeType(x) },
      Index: { type: nativeType(length) },
    };
    return symbol(node('Slice', [x, begin, size].map(ref), attributes), x.shape, nativeType(x));
  };

export const compiledPadding =
  (recorder: Recorder): Trace['padded'] =>
  (x, length, most) => {
    const { ref, node, symbol, nativeType, tf } = recorder;
    const rank = x.shape.length;
    const missing = tf.sub(tf.scalar(most, 'int32'), length);
    const behind = vector(recorder, missing, Array<number>(2 * rank - 2).fill(0));
    // [[0, missing], [0, 0], …]: the first axis grows at its end.
    const paddings = tf.reshape(tf.concat([tf.tensor1d([0], 'int32'), behind] as never), [rank, 2]);
    const attributes = { T: { type: nativeType(x) }, Tpaddings: { type: nativeType(length) } };
    return symbol(
      node('Pad', [x, paddings].map(ref), attributes),
      [most, ...x.shape.slice(1)],
      nativeType(x),
    );
  };
