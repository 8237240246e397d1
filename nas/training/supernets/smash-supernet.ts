import type { OneJobChoice } from '../../search/one-job/registry.ts';
import type { SmashGenotype, SmashOptions } from '../../space/smash-genotype.ts';
import { conv2d } from '../layers/convolution.ts';
import { dilatedConv2d, dilatedPhases } from '../layers/dilated-convolution.ts';
import { initialValues } from '../layers/initial-values.ts';
import type { NetworkSetting } from '../networks/network.ts';
import type { HostTensor } from '../program.ts';
import { relu } from '../layers/relu.ts';
import type { DropOptions } from '../layers/tensor-layers.ts';
import type { Tensor, Tensors, Tf } from '../graph/tensor.ts';
import type { Trace } from '../graph/trace.ts';
import { sharedLayers } from './enas-choices.ts';
import { bankName, smashFrame } from './smash-frame.ts';
import { rowsOfSquares, smashHypernet } from './smash-hypernet.ts';
import { smashPath, smashPathLength, unpackPath } from './smash-path.ts';

const SAME = { strides: [1, 1], padding: [0, 0] } as const;
/** Below any norm of generated weights: an absent operation has none. */
const LEAST_SQUARE = 1e-12;

/** All SMASH networks of a space at one size, of which one call runs one. */
interface SmashSupernet {
  readonly weights: Record<string, HostTensor>;
  readonly pathLength: number;
  path(genotype: SmashGenotype): Int32Array;
  /** x [B, H, W, C], path int32 → logits [B, classes]. */
  logits(call: {
    readonly vars: Tensors;
    readonly x: Tensor;
    readonly path: Tensor;
    readonly trace: Trace;
    readonly drop?: DropOptions;
  }): Tensor;
}

/**
 * SMASH's main network with all weights of its operations' 1×1 convolutions generated (Brock et al. 2018,
 * §3.1 and §3.2). Learned freely are the stem, four filter banks a block, of which a convolution takes the
 * centre of its kernel size and the first channels, the 1×1 convolutions of stride 2 between blocks, and the
 * classifier. Only the latter two have batch norm, by the minibatch's statistics in training and in scoring
 * (the authors' code scores by running ones, `evaluate.py:36`).
 *
 * One graph of static shapes serves every architecture. Gates choose among kernel sizes and dilations, so
 * that a convolution computes the taps of its own kernel only; reads and writes, widths and groups are masks
 * over the largest shapes: every operation reads all of the memory, and every convolution is as wide as the
 * widest. That is what `smashMultiplyAdds` counts. A grouped convolution takes the diagonal blocks of its
 * filter bank (the authors' code: the first rows, for all groups, `layers.py:95–96`).
 */
export const smashSupernet = (
  tf: Tf,
  options: SmashOptions,
  setting: NetworkSetting,
  hypernetSize: OneJobChoice<'smash'>['hypernet'],
  seed: number,
): SmashSupernet => {
  const { classes } = setting;
  const { unit, shapes, width, stem, leave, described } = smashFrame(options, setting);
  const { memory, slices, filters } = shapes;
  const { depth, maxWidth, maxKernel } = options;
  const hypernet = smashHypernet(hypernetSize, [slices, maxWidth, shapes.channels], unit ** 2);

  /** Row `index` of a part, without that dimension. */
  const rowOf = (part: Tensor, index: number): Tensor => tf.squeeze(tf.slice(part, [index], [1]), [0]);
  const repeated = (values: Tensor, times: number): Tensor =>
    tf.reshape(tf.tile(tf.reshape(values, [values.size, 1]), [1, times]), [values.size * times]);

  return {
    weights: initialValues(
      [...described.declarations.filter(({ role }) => role === 'weight'), ...hypernet.declarations],
      seed,
    ),
    pathLength: smashPathLength(shapes),
    path: (genotype) => smashPath(shapes, genotype),
    logits: ({ vars, x: given, path, trace, drop }) => {
      const layers = sharedLayers(tf, vars, trace, drop);
      const parts = unpackPath(tf, shapes, path);
      const part = (name: string, block: number): Tensor => parts[`${name}.${block}`] as Tensor;
      const unitNumbers = tf.range(0, maxWidth, 1, 'int32');
      const isColumn = tf.less(unitNumbers, tf.reshape(parts['columns'] as Tensor, [slices, 1]));
      const encoding = tf.mul(
        tf.cast(tf.reshape(parts['encoding'] as Tensor, [slices, 1, shapes.channels]), 'float32'),
        tf.cast(tf.reshape(isColumn, [slices, maxWidth, 1]), 'float32'),
      );
      // By rows of a unit of the input, [slices, unit · width].
      const generated = rowsOfSquares(tf, hypernet.generate(tf, vars, encoding), unit);
      const identity = tf.reshape(tf.eye(unit), [1, unit, 1, unit]);

      /** The generated 1×1 filters of an operation, [1, 1, M · unit, width], of Euclidean norm one. */
      const readFilter = (block: number, op: number): Tensor => {
        const routes = tf.oneHot(rowOf(part('slices', block), op) as never, slices, 1, 0, 'float32');
        const rows = tf.reshape(tf.matMul(routes as never, generated as never), [-1, width]);
        const used = tf.less(unitNumbers, rowOf(part('bottleneck', block), op));
        const masked = tf.mul(rows, repeated(tf.cast(used, 'float32'), unit));
        const norm = tf.sqrt(tf.maximum(tf.sum(tf.square(masked)), LEAST_SQUARE));
        return tf.reshape(tf.div(masked, norm), [1, 1, (memory[block] as number) * unit, width]);
      };
      /** 0 or 1, [1, 1, width, M · unit]: which output unit is added to which unit of memory. */
      const writeFilter = (block: number, op: number): Tensor => {
        const routes = tf.oneHot(rowOf(part('writes', block), op) as never, maxWidth, 1, 0, 'float32');
        const units = memory[block] as number;
        const spread = tf.mul(tf.reshape(tf.transpose(routes), [maxWidth, 1, units, 1]), identity);
        return tf.reshape(spread, [1, 1, width, units * unit]);
      };
      /** [width, width], 1 where both channels exist and are of one group. */
      const groupMask = (block: number, op: number, slot: number): Tensor => {
        const groups = rowOf(rowOf(part('groups', block), op), slot);
        const from = tf.reshape(rowOf(groups, 0), [width, 1]);
        const to = rowOf(groups, 1);
        const exists = tf.greaterEqual(from, 0);
        return tf.cast(tf.logicalAnd(exists, tf.equal(from, to)), 'float32');
      };

      const centres = new Map<string, Tensor>();
      /** The centre of a filter bank, cut once for all operations. */
      const centre = (name: string, kernel: number): Tensor => {
        const at = (maxKernel - kernel) / 2;
        const known = centres.get(`${name}/${kernel}`);
        const cut = known ?? tf.slice(vars[`${name}.weight`] as Tensor, [at, at], [kernel, kernel]);
        centres.set(`${name}/${kernel}`, cut);
        return cut;
      };
      /** One of the four convolutions of an operation, or none. */
      const slotOf = (h: Tensor, block: number, op: number, slot: number): Tensor => {
        const choice = rowOf(rowOf(part('slots', block), op), slot);
        const gate = trace.gate(choice, filters.length + 1);
        const mask = groupMask(block, op, slot);
        const values = gate.split(h).map((copy, number) => {
          // Without its first convolution the second branch is not there.
          if (number === 0) return slot === 2 ? tf.mul(copy, 0) : copy;
          const [kernel, dilation] = filters[number - 1] as readonly [number, number];
          const bank = gate.parameter(number, centre(bankName(block, slot), kernel));
          const filter = tf.mul(bank, mask);
          const half = (kernel - 1) / 2;
          // What the first convolutions read is rectified already.
          const y = slot % 2 === 0 ? copy : relu(tf, copy);
          return dilation === 1
            ? conv2d(tf, y, filter, { strides: [1, 1], padding: [half, half] })
            : dilatedConv2d(tf, y, dilatedPhases(tf, y, 1, dilation), filter, 1, dilation);
        });
        return gate.merge(values);
      };

      let x = stem(layers, given);
      memory.forEach((units, b) => {
        const [h, w] = layers.shape(x);
        let state = layers.zeroPad(x, [h, w, units * unit]);
        for (let op = 0; op < depth; op++) {
          const y = relu(tf, conv2d(tf, state, readFilter(b, op), SAME));
          const branch = (slot: number): Tensor => slotOf(slotOf(y, b, op, slot), b, op, slot + 1);
          const sum = tf.add(branch(0), branch(2));
          state = tf.add(state, conv2d(tf, sum, writeFilter(b, op), SAME));
        }
        const exists = repeated(tf.cast(part('memory', b), 'float32'), unit);
        x = leave(layers, state, b, (y) => tf.mul(y, exists));
      });
      const logits = layers.linear(layers.dropout(layers.globalAverage(x)), 'classifier', classes);
      return tf.reshape(logits, [given.shape[0] as number, classes]);
    },
  };
};
